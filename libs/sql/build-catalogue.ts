import { GatewayError } from '@sallyport/core';
import {
  type Catalogue,
  type Column,
  type Fn,
  isTrusted,
  type Relation,
  type RelationKind,
  type UserType,
} from './catalogue.js';
import type { CatalogueRows } from './catalogue-queries.js';
import { viewFactsOf } from './view-definition.js';
import { type ViewDefinitions, withViewLineage } from './view-lineage.js';

type Row = Readonly<Record<string, string | null>>;

const groups = (rows: readonly Row[], key: string): Map<string, Row[]> => {
  const all = new Map<string, Row[]>();
  for (const row of rows) {
    const group = all.get(row[key] ?? '');
    if (group) group.push(row);
    else all.set(row[key] ?? '', [row]);
  }
  return all;
};

const textOf = (row: Row, field: string): string => {
  const value = row[field];
  if (typeof value === 'string') return value;
  throw new GatewayError('INVALID_INPUT', `the catalogue has a row without "${field}"`);
};
const numberOf = (row: Row, field: string): number => Number(textOf(row, field));
const isTrue = (row: Row, field: string): boolean => row[field] === 'true';
const byNumber = (a: number, b: number): number => a - b;
const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort(byNumber);

interface Parts {
  readonly columns: Map<string, Row[]>;
  readonly generated: Map<string, Row[]>;
  readonly parents: Map<string, Row[]>;
  readonly viewRelations: Map<string, Row[]>;
  readonly viewFunctions: Map<string, Row[]>;
  readonly definitions: ViewDefinitions;
  /** Only what is not trusted. */
  readonly code: Map<string, Row[]>;
  readonly references: Map<string, Row[]>;
}

const columnsOf = (oid: string, parts: Parts): Column[] =>
  (parts.columns.get(oid) ?? [])
    .map((row) => {
      const attnum = numberOf(row, 'attnum');
      const sources = (parts.generated.get(oid) ?? []).filter((source) => numberOf(source, 'attnum') === attnum);
      const from = distinct(sources.map((source) => numberOf(source, 'source')));
      return {
        attnum,
        name: textOf(row, 'name'),
        type: numberOf(row, 'type'),
        ...(isTrue(row, 'generated') && { from }),
      };
    })
    .sort((a, b) => a.attnum - b.attnum);

const viewParts = (oid: string, parts: Parts): Partial<Relation> => {
  const uses = parts.viewRelations.get(oid) ?? [];
  // System views have no definition here: their value-holding ones are known by name.
  if (!parts.definitions.has(oid)) return {};
  const { wholeRow, calls } = viewFactsOf(parts.definitions.get(oid));
  const dependsOn = wholeRow
    ? distinct(uses.map((row) => numberOf(row, 'relation'))).map((one) => ({ oid: one }))
    : uses
        .map((row) => ({ oid: numberOf(row, 'relation'), attnum: numberOf(row, 'attnum') }))
        .sort((a, b) => a.oid - b.oid || a.attnum - b.attnum);
  const usesFunctions = distinct((parts.viewFunctions.get(oid) ?? []).map((row) => numberOf(row, 'function')));
  return { dependsOn, ...(usesFunctions.length > 0 && { usesFunctions }), ...(calls.length > 0 && { calls }) };
};

const hangingOn = (oid: string, parts: Parts): Partial<Relation> => {
  const at = [...new Set((parts.code.get(oid) ?? []).map((row) => textOf(row, 'at') as 'read' | 'write'))].sort();
  const referencedBy = (parts.references.get(oid) ?? [])
    .map((row) => ({ oid: numberOf(row, 'by'), cascades: isTrue(row, 'cascades') }))
    .sort((a, b) => a.oid - b.oid);
  return { ...(at.length > 0 && { hiddenCode: at }), ...(referencedBy.length > 0 && { referencedBy }) };
};

const relationOf = (row: Row, parts: Parts): Relation => {
  const oid = textOf(row, 'oid');
  const parent = distinct((parts.parents.get(oid) ?? []).map((one) => numberOf(one, 'parent')));
  const kind = textOf(row, 'kind') as RelationKind;
  return {
    oid: Number(oid),
    schema: textOf(row, 'schema'),
    name: textOf(row, 'name'),
    kind,
    columns: columnsOf(oid, parts),
    ...((kind === 'v' || kind === 'm') && viewParts(oid, parts)),
    ...(parent.length > 0 && { parent }),
    ...(isTrue(row, 'rules') && { rules: true }),
    ...hangingOn(oid, parts),
  };
};

const functionOf = (row: Row): Fn => ({
  oid: numberOf(row, 'oid'),
  schema: textOf(row, 'schema'),
  name: textOf(row, 'name'),
  volatility: textOf(row, 'volatility') as Fn['volatility'],
  language: textOf(row, 'language'),
  securityDefiner: isTrue(row, 'definer'),
  argTypes: textOf(row, 'args').split(' ').filter(Boolean).map(Number),
  ...(row['extension'] && { extension: row['extension'] }),
});

/** A domain over a domain runs the checks of both. */
const typesOf = (rows: readonly Row[]): UserType[] => {
  const byOid = new Map(rows.map((row) => [textOf(row, 'oid'), row]));
  const runsCode = (row: Row | undefined, depth: number): boolean =>
    row !== undefined && (isTrue(row, 'code') || depth > 16 || runsCode(byOid.get(row['base'] ?? ''), depth + 1));
  return rows.map((row) => ({ schema: textOf(row, 'schema'), name: textOf(row, 'name'), runsCode: runsCode(row, 0) }));
};

const byName = <Named extends { schema: string; name: string }>(a: Named, b: Named): number =>
  a.schema < b.schema ? -1 : a.schema > b.schema ? 1 : a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const rowsOf = (rows: CatalogueRows, name: string): readonly Row[] => {
  const found = rows[name];
  if (!found) throw new GatewayError('INVALID_INPUT', `the catalogue lacks the answer to "${name}"`);
  return found;
};

const pathOf = (server: Row): string[] => {
  const path: unknown = JSON.parse(textOf(server, 'path'));
  return Array.isArray(path) ? path.map(String) : [];
};

/**
 * Makes a catalogue of the answers to `catalogueQueries`, by name. `loadParser` must have been awaited: definitions of
 * views are parsed here and not kept.
 * @throws GatewayError INVALID_INPUT where an answer is missing
 */
export const buildCatalogue = (rows: CatalogueRows): Catalogue => {
  const [server] = rowsOf(rows, 'server');
  if (!server) throw new GatewayError('INVALID_INPUT', 'the catalogue lacks the answer to "server"');
  const functions = rowsOf(rows, 'functions')
    .map(functionOf)
    .sort((a, b) => a.oid - b.oid);
  const trusted = new Set(functions.filter(isTrusted).map(({ oid }) => oid));
  const untrusted = (name: string): Row[] =>
    rowsOf(rows, name).filter((row) => numberOf(row, 'function') >= 16_384 && !trusted.has(numberOf(row, 'function')));
  const hiddenCode = [
    ...new Set(
      untrusted('hidden-code').map((row) => textOf(row, 'kind') as NonNullable<Catalogue['hiddenCode']>[number]),
    ),
  ].sort();
  const parts: Parts = {
    code: groups(untrusted('relation-code'), 'relation'),
    references: groups(rowsOf(rows, 'references'), 'relation'),
    columns: groups(rowsOf(rows, 'columns'), 'relation'),
    generated: groups(rowsOf(rows, 'generated'), 'relation'),
    parents: groups(rowsOf(rows, 'inheritance'), 'child'),
    viewRelations: groups(rowsOf(rows, 'view-relations'), 'view'),
    viewFunctions: groups(rowsOf(rows, 'view-functions'), 'view'),
    definitions: new Map(
      rowsOf(rows, 'view-definitions').map((row) => [textOf(row, 'view'), row['definition'] ?? null]),
    ),
  };
  // An operator is as good as its function: a stable one of an extension in C may stand (the index kind of pg_trgm).
  const harmless = new Set(
    functions
      .filter((fn) => isTrusted(fn) || (fn.volatility !== 'v' && fn.language === 'c' && fn.extension !== undefined))
      .map(({ oid }) => oid),
  );
  const operators = rowsOf(rows, 'operators').filter(
    (row) => numberOf(row, 'function') >= 16_384 && !harmless.has(numberOf(row, 'function')),
  );
  const catalogue: Catalogue = {
    database: textOf(server, 'database'),
    serverVersion: numberOf(server, 'version'),
    searchPath: pathOf(server),
    role: textOf(server, 'role'),
    relations: rowsOf(rows, 'relations')
      .map((row) => relationOf(row, parts))
      .sort((a, b) => a.oid - b.oid),
    functions,
    types: typesOf(rowsOf(rows, 'types')).sort(byName),
    operators: operators.map((row) => ({ schema: textOf(row, 'schema'), name: textOf(row, 'name') })).sort(byName),
    ...(hiddenCode.length > 0 && { hiddenCode }),
  };
  return withViewLineage(catalogue, parts.definitions);
};
