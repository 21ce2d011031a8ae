import type { SqlDescription, SqlSession, SqlStatement } from './description.js';

const without = (names: ReadonlyMap<string, string>, gone: readonly string[] | 'all' = []): Map<string, string> =>
  new Map([...names].filter(([name]) => gone !== 'all' && !gone.includes(name)));

const withTexts = (names: Map<string, string>, added: readonly { name: string; text: string }[] = []) => {
  for (const { name, text } of added) names.set(name, text);
  return names;
};

const temporaryAfter = (before: SqlSession['temporary'], made: readonly string[] = []): SqlSession['temporary'] =>
  before === 'any' || made.length === 0 ? before : new Set([...(before ?? []), ...made]);

/** Most statements change nothing: the same value comes back. */
export const afterStatement = (session: SqlSession, statement: SqlStatement): SqlSession => {
  const { sessionEffects: effects, opaque, risk } = statement;
  const ranCode = opaque && risk === 'unknown';
  if (Object.keys(effects).length === 0 && !ranCode) return session;
  const temporary = temporaryAfter(session.temporary, effects.createsTemporary);
  return {
    ...session,
    prepared: withTexts(without(session.prepared, effects.deallocates), effects.prepares),
    cursors: withTexts(without(session.cursors ?? new Map(), effects.closes), effects.declares),
    searchPathCertain: session.searchPathCertain && !effects.changesSearchPath && !ranCode,
    ...(temporary !== undefined && { temporary }),
    ...(effects.ddl && { catalogueStale: true }),
  };
};

/**
 * What a session holds after a text ran. A rollback brings nothing back that is certain: what was set stays uncertain.
 * `catalogueStale` is for the caller to clear, once the catalogue was read again after the change was committed.
 */
export const sessionAfter = (session: SqlSession, description: SqlDescription): SqlSession =>
  description.error === undefined
    ? description.statements.reduce(afterStatement, session)
    : { ...session, searchPathCertain: false };
