import { isTrusted, type Relation } from './catalogue.js';
import { ancestorsOf, type CatalogueIndex, descendantsOf } from './catalogue-index.js';
import type { Draft } from './draft.js';
import { judgeBuiltIn } from './functions.js';
import { meaningOf } from './value-relations.js';

/** A relation with the columns of it that count. */
interface Share {
  readonly relation: Relation;
  readonly columns: ReadonlySet<string>;
}

/** All that reading a relation reads: below views, beside partitions, behind generated columns. */
interface Closure {
  readonly shares: readonly Share[];
  readonly judge: (draft: Draft) => void;
}

const closures = new WeakMap<Relation, Closure>();

const allColumns = (relation: Relation): string[] => relation.columns.map(({ name }) => name);

const columnNames = (relation: Relation, attnums: readonly number[]): string[] =>
  attnums.flatMap((attnum) => relation.columns.find((column) => column.attnum === attnum)?.name ?? []);

/** A generated column shows the columns that it is computed from. */
const withSources = (relation: Relation, columns: Iterable<string>): Set<string> => {
  const found = new Set(columns);
  for (const { name, from } of relation.columns) {
    if (found.has(name) && from) for (const source of columnNames(relation, from)) found.add(source);
  }
  return found;
};

const usedColumns = (view: Relation, used: Relation): string[] => {
  const uses = (view.dependsOn ?? []).filter(({ oid }) => oid === used.oid);
  const attnums = uses.flatMap(({ attnum }) => attnum ?? []);
  return attnums.length < uses.length ? allColumns(used) : columnNames(used, attnums);
};

const below = (relation: Relation, index: CatalogueIndex): Relation[] => {
  const seen = new Set([relation.oid]);
  const found: Relation[] = [];
  const queue: Relation[] = [relation];
  for (let view = queue.pop(); view; view = queue.pop()) {
    for (const { oid } of view.dependsOn ?? []) {
      const used = seen.has(oid) ? undefined : index.relationsByOid.get(oid);
      if (!used) continue;
      seen.add(oid);
      found.push(used);
      queue.push(used);
    }
  }
  return found;
};

const family = (relation: Relation, index: CatalogueIndex): Relation[] => [
  ...ancestorsOf(relation, index),
  ...descendantsOf(relation, index),
];

const sharesOf = (relation: Relation, index: CatalogueIndex): Share[] => {
  const under = below(relation, index);
  const views = [relation, ...under];
  return under.flatMap((used) => {
    const columns = withSources(used, new Set(views.flatMap((view) => usedColumns(view, used))));
    return [used, ...family(used, index)].map((one) => ({ relation: one, columns }));
  });
};

const judgeView = (view: Relation, index: CatalogueIndex, draft: Draft): void => {
  for (const call of view.calls ?? []) judgeBuiltIn(call, [], draft);
  const untrusted = (view.usesFunctions ?? []).filter((oid) => {
    const fn = index.functionsByOid.get(oid);
    return !fn || !isTrusted(fn);
  });
  if (untrusted.length === 0) return;
  // A materialised view shows what its functions returned once; a view runs them now.
  if (view.kind === 'm') draft.opaque = true;
  else draft.conceal('unknown-function');
};

const make = (relation: Relation, index: CatalogueIndex): Closure => {
  const views = [relation, ...below(relation, index)];
  return {
    shares: sharesOf(relation, index),
    judge: (draft) => {
      for (const view of views) {
        judgeView(view, index, draft);
        const meaning = meaningOf(view);
        if (!meaning) continue;
        draft.raise(meaning.risk, meaning.flag);
        draft.opaque ||= meaning.opaque === true;
      }
    },
  };
};

const closureOf = (relation: Relation, index: CatalogueIndex): Closure => {
  const known = closures.get(relation);
  if (known) return known;
  const closure = make(relation, index);
  closures.set(relation, closure);
  return closure;
};

/** Notes that a relation is used, and what using it means; columns are noted apart, by `readColumns`. */
export const readRelation = (relation: Relation, index: CatalogueIndex, draft: Draft): void => {
  const closure = closureOf(relation, index);
  draft.touch(relation);
  for (const one of family(relation, index)) draft.touch(one);
  // A view's conditions read, whether or not one of its columns is asked for.
  for (const share of closure.shares) draft.touch(share.relation, { columns: share.columns });
  if (relation.hiddenCode?.includes('read')) draft.flags.add('hidden-code');
  closure.judge(draft);
};

/** Notes columns as read: in the relation, its parents and children, and everything that a view stands on. */
export const readColumns = (relation: Relation, names: Iterable<string>, index: CatalogueIndex, draft: Draft): void => {
  const columns = withSources(relation, names);
  for (const one of [relation, ...family(relation, index)]) draft.touch(one, { columns });
  if (columns.size === 0) return;
  for (const share of closureOf(relation, index).shares) draft.touch(share.relation, { columns: share.columns });
};

/** Relations that change with these: by ON DELETE and ON UPDATE actions, or all that refer to them (TRUNCATE … CASCADE). */
export const referringTo = (
  relations: readonly Relation[],
  index: CatalogueIndex,
  { all }: { readonly all: boolean },
): Relation[] => {
  const seen = new Set(relations.map(({ oid }) => oid));
  const found: Relation[] = [];
  const queue = [...relations];
  for (let next = queue.pop(); next; next = queue.pop()) {
    for (const { oid, cascades } of next.referencedBy ?? []) {
      const one = (all || cascades) && !seen.has(oid) ? index.relationsByOid.get(oid) : undefined;
      seen.add(oid);
      if (!one) continue;
      found.push(one, ...family(one, index));
      queue.push(one, ...family(one, index));
    }
  }
  return found;
};

/** Notes a write: through a view it is a write to what the view stands on. */
export const writeRelation = (relation: Relation, index: CatalogueIndex, draft: Draft): void => {
  const views = [relation, ...below(relation, index)];
  const changed = views.flatMap((view) => [view, ...family(view, index)]);
  for (const one of [...changed, ...referringTo(changed, index, { all: false })]) {
    draft.touch(one, { written: true });
    if (one.hiddenCode) draft.flags.add('hidden-code');
  }
  // A rule can do anything instead of what was asked, or also; a trigger is the table's own affair.
  if (views.some(({ rules }) => rules)) draft.conceal('rules');
  if (relation.kind === 'f') draft.raise('write', 'foreign-table');
  if (relation.schema !== 'pg_catalog' && relation.schema !== 'information_schema') return;
  draft.raise('privilege', relation.name === 'pg_settings' ? 'set-config' : 'system-catalogue');
};
