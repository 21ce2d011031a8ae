import type { Catalogue, Relation, SourceName, ViewColumn } from './catalogue.js';
import type { SqlSession } from './description.js';
import { lineageOf } from './lineage.js';
import type { ColumnSource, Lineage, OutputColumn } from './lineage-tracer.js';
import { parse } from './parser.js';

/** Definitions by the oid of their view, as pg_get_viewdef prints them for the catalogue's own search path. */
export type ViewDefinitions = ReadonlyMap<string, string | null>;

const asPrinted: SqlSession = { prepared: new Map(), searchPathCertain: true };

/** Views over views beyond this depth keep columns of unknown origin. */
const mostLevels = 32;

const nameOf = ({ schema, relation, column }: ColumnSource): SourceName => [schema, relation, column];

const shownBy = ({ sources, bare, opaque }: OutputColumn): ViewColumn => ({
  sources: sources.map(nameOf),
  ...(bare !== undefined && { bare: nameOf(bare) }),
  ...(opaque && { opaque }),
});

const lineageOfView = (definition: string | null | undefined, catalogue: Catalogue): Lineage | undefined => {
  const parsed = definition ? parse(definition, 1024 * 1024) : undefined;
  if (parsed === undefined || 'error' in parsed || parsed.statements.length !== 1) return undefined;
  return lineageOf(parsed.statements[0]!.node, catalogue, asPrinted);
};

const traced = (view: Relation, lineage: Lineage | undefined): Relation => {
  const outputs = lineage?.outputs;
  if (lineage === undefined || outputs?.length !== view.columns.length) return view;
  return {
    ...view,
    columns: view.columns.map((column, index) => ({ ...column, shows: shownBy(outputs[index]!) })),
    ...(lineage.probed.length > 0 && { probes: lineage.probed.map(nameOf) }),
  };
};

/**
 * Writes into each view what its columns show and which columns decide on its rows, those below first: a view over a view
 * shows what that one shows. What a definition does not prove stays as it is, and then nothing of it counts as proven.
 */
export const withViewLineage = (catalogue: Catalogue, definitions: ViewDefinitions): Catalogue => {
  const waiting = new Map(
    catalogue.relations.filter(({ oid }) => definitions.has(String(oid))).map((view) => [view.oid, view]),
  );
  let current = catalogue;
  for (let level = 0; waiting.size > 0 && level < mostLevels; level += 1) {
    const ready = [...waiting.values()].filter(
      ({ oid, dependsOn = [] }) => !dependsOn.some((one) => one.oid !== oid && waiting.has(one.oid)),
    );
    if (ready.length === 0) break;
    const done = new Map(
      ready.map((view) => [view.oid, traced(view, lineageOfView(definitions.get(String(view.oid)), current))]),
    );
    for (const oid of done.keys()) waiting.delete(oid);
    current = { ...current, relations: current.relations.map((one) => done.get(one.oid) ?? one) };
  }
  return current;
};
