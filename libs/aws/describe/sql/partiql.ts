/** DynamoDB's PartiQL: one statement on one table, or EXISTS around one. What does not read so is not known. */
import { type Node, textsAt } from '../members.js';

/** Where operations carry it. */
export const partiqlTexts: Readonly<Record<string, string>> = {
  ExecuteStatement: 'Statement',
  BatchExecuteStatement: 'Statements[].Statement',
  ExecuteTransaction: 'TransactStatements[].Statement',
};

export type PartiqlVerb = 'select' | 'insert' | 'update' | 'delete';

export interface Partiql {
  readonly verb?: PartiqlVerb;
  readonly table?: string;
  readonly index?: string;
}

const name = String.raw`(?:"((?:[^"]|"")+)"|'((?:[^']|'')+)'|([A-Za-z_][\w-]*))`;
const reference = String.raw`${name}(?:\s*\.\s*${name})?`;
const forms: readonly (readonly [PartiqlVerb, RegExp])[] = [
  ['insert', new RegExp(String.raw`^insert\s+into\s+${reference}\s+value\b`, 'i')],
  ['update', new RegExp(String.raw`^update\s+${reference}\s+(?:set|remove)\b`, 'i')],
  ['delete', new RegExp(String.raw`^delete\s+from\s+${reference}\s+where\b`, 'i')],
];

/** Literals and quoted names with their contents blanked, so that no keyword is looked for inside them. */
const blanked = (text: string): string =>
  text.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, (quoted) => '_'.repeat(quoted.length));

const unquoted = (groups: readonly (string | undefined)[]): string | undefined =>
  groups[0]?.replaceAll('""', '"') ?? groups[1]?.replaceAll("''", "'") ?? groups[2];

const made = (verb: PartiqlVerb, match: RegExpExecArray): Partiql => {
  const table = unquoted(match.slice(1, 4));
  const index = unquoted(match.slice(4, 7));
  return { verb, ...(table === undefined ? {} : { table }), ...(index === undefined ? {} : { index }) };
};

/** Nothing but a condition and an order may follow: whatever else there is names something more. */
const fromTable = new RegExp(String.raw`^from\s+${reference}\s*(?:;?\s*$|(?:where|order)\b)`, 'i');

const readSelect = (text: string, plain: string): Partiql => {
  const froms = [...plain.matchAll(/\bfrom\b/gi)];
  // A join, a set of tables or a statement inside the statement: DynamoDB has none of them, whoever writes one wants to confuse.
  if (froms.length !== 1 || (plain.match(/\bselect\b/gi)?.length ?? 0) !== 1) return {};
  const match = fromTable.exec(text.slice(froms[0]!.index));
  return match === null ? {} : made('select', match);
};

/** @returns without a verb where it cannot be read */
export const readPartiql = (text: string): Partiql => {
  const trimmed = text.trim();
  const inner = /^exists\s*\(([\s\S]*)\)\s*;?$/i.exec(trimmed)?.[1]?.trim() ?? trimmed;
  const plain = blanked(inner);
  if (plain.includes('--') || plain.includes('/*') || /;\s*\S/.test(plain)) return {};
  if (/^select\b/i.test(plain)) return readSelect(inner, plain);
  for (const [verb, form] of forms) {
    const match = form.exec(inner);
    if (match !== null) return made(verb, match);
  }
  return {};
};

const actions: Readonly<Record<PartiqlVerb, string>> = {
  select: 'dynamodb:PartiQLSelect',
  insert: 'dynamodb:PartiQLInsert',
  update: 'dynamodb:PartiQLUpdate',
  delete: 'dynamodb:PartiQLDelete',
};

/** @returns undefined where a statement cannot be read: then every action counts */
export const partiqlActions = (operation: string, input: Node): string[] | undefined => {
  const path = partiqlTexts[operation];
  if (path === undefined) return undefined;
  const verbs = textsAt(input, path).map((text) => readPartiql(text).verb);
  return verbs.length === 0 || verbs.includes(undefined)
    ? undefined
    : [...new Set(verbs.map((verb) => actions[verb!]))];
};
