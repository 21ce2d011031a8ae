/** What SQL inside a call does, read without the catalogue of the database behind it. */
import { type Risk, worstRisk } from '@sallyport/core';
import { createDescriber, type SqlDescription, type SqlSession } from '@sallyport/sql';
import type { Call } from '../call.js';
import { has, textsAt } from '../members.js';
import { type PartiqlVerb, readPartiql } from './partiql.js';
import { sqlMember } from './texts.js';

export interface SqlOfCall {
  readonly risk: Risk;
  readonly verbs: readonly string[];
  readonly relations: readonly string[];
  readonly written: readonly string[];
  /** A statement that could not be read, or calls functions that nobody knows. */
  readonly unknown: boolean;
}

const fresh: SqlSession = { prepared: new Map(), searchPathCertain: true };
const describer = createDescriber({ maxEntries: 1_000 });

/** @returns undefined where the operation carries no SQL */
export const sqlOf = (call: Call): SqlOfCall | undefined => {
  const member = sqlMember(call.service, call.operation);
  if (member === undefined) return undefined;
  const texts = textsAt(call.input, member.path);
  const all = texts.map(member.dialect === 'partiql' ? ofPartiql : ofSql);
  // A call that carries SQL and shows none has it where it was not looked for.
  if (all.length === 0) return { ...nothing, unknown: true, risk: 'unknown' };
  const union = (of: (one: SqlOfCall) => readonly string[]) => [...new Set(all.flatMap(of))].sort();
  return {
    risk: worstRisk(all.map(({ risk }) => risk)),
    verbs: union(({ verbs }) => verbs),
    relations: union(({ relations }) => relations),
    written: union(({ written }) => written),
    unknown: all.some(({ unknown }) => unknown) || has(call.input, 'StatementName.Sql'),
  };
};

const nothing: SqlOfCall = { risk: 'read', verbs: [], relations: [], written: [], unknown: false };

const partiqlRisks: Readonly<Record<PartiqlVerb, Risk>> = {
  select: 'read',
  insert: 'write',
  update: 'write',
  delete: 'write',
};

const ofPartiql = (text: string): SqlOfCall => {
  const { verb, table } = readPartiql(text);
  if (verb === undefined || table === undefined) return { ...nothing, risk: 'unknown', unknown: true };
  return {
    ...nothing,
    risk: partiqlRisks[verb],
    verbs: [verb],
    relations: [table],
    written: verb === 'select' ? [] : [table],
  };
};

const ofSql = (text: string): SqlOfCall => {
  const description = describer.describe(text, fresh, undefined);
  const { verbs, relations, written } = description;
  const risk = riskOf(description);
  return { risk, verbs, relations, written, unknown: risk === 'unknown' };
};

const reads = new Set(['select', 'explain', 'show', 'begin', 'commit', 'rollback', 'savepoint', 'release', 'set']);
const writes = new Set(['insert', 'update', 'delete', 'merge']);
const notKnown = ['not-understood', 'unknown-function', 'user-function', 'dynamic-sql'];

/**
 * Without a catalogue every relation is unresolved, and so every statement unknown: what the verbs say has to do then.
 * Functions count only by names that are PostgreSQL's own, and a view may hide what it calls.
 */
const riskOf = ({ risk, verbs, error, opaque, flags, hasWhere }: SqlDescription): Risk => {
  if (risk !== 'unknown') return risk;
  if (error !== undefined || opaque || verbs.length === 0 || notKnown.some((flag) => flags.includes(flag)))
    return 'unknown';
  if (verbs.every((verb) => reads.has(verb))) return 'read';
  if (!verbs.every((verb) => reads.has(verb) || writes.has(verb))) return 'unknown';
  return hasWhere ? 'write' : 'destructive';
};
