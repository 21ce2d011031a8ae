import type { Catalogue, Fn, Relation, UserType } from './catalogue.js';

const grouped = <Key, Value>(values: Iterable<Value>, keyOf: (value: Value) => Key): Map<Key, Value[]> => {
  const groups = new Map<Key, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
};

/** A catalogue with its look-up tables; made once for each catalogue value. */
export interface CatalogueIndex {
  readonly catalogue: Catalogue;
  readonly relationsByName: ReadonlyMap<string, readonly Relation[]>;
  readonly relationsByOid: ReadonlyMap<number, Relation>;
  readonly functionsByName: ReadonlyMap<string, readonly Fn[]>;
  readonly functionsByOid: ReadonlyMap<number, Fn>;
  readonly typesByName: ReadonlyMap<string, readonly UserType[]>;
  readonly operatorSchemas: ReadonlyMap<string, readonly string[]>;
  readonly children: ReadonlyMap<number, readonly number[]>;
}

const childrenOf = (catalogue: Catalogue): Map<number, number[]> => {
  const children = new Map<number, number[]>();
  for (const { oid, parent = [] } of catalogue.relations) {
    for (const above of parent) children.set(above, [...(children.get(above) ?? []), oid]);
  }
  return children;
};

const make = (catalogue: Catalogue): CatalogueIndex => ({
  catalogue,
  relationsByName: grouped(catalogue.relations, ({ name }) => name),
  relationsByOid: new Map(catalogue.relations.map((relation) => [relation.oid, relation])),
  functionsByName: grouped(catalogue.functions, ({ name }) => name),
  functionsByOid: new Map(catalogue.functions.map((fn) => [fn.oid, fn])),
  typesByName: grouped(catalogue.types, ({ name }) => name),
  operatorSchemas: new Map(
    [...grouped(catalogue.operators, ({ name }) => name)].map(([name, all]) => [name, all.map(({ schema }) => schema)]),
  ),
  children: childrenOf(catalogue),
});

const made = new WeakMap<Catalogue, CatalogueIndex>();

export const indexOf = (catalogue: Catalogue): CatalogueIndex => {
  const known = made.get(catalogue);
  if (known) return known;
  const index = make(catalogue);
  made.set(catalogue, index);
  return index;
};

const walked = (start: Relation, next: (oid: number) => readonly number[], index: CatalogueIndex): Relation[] => {
  const seen = new Set<number>();
  const queue = [...next(start.oid)];
  for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
    if (oid === start.oid || seen.has(oid)) continue;
    seen.add(oid);
    queue.push(...next(oid));
  }
  return [...seen].flatMap((oid) => index.relationsByOid.get(oid) ?? []);
};

/** Inheritance parents at every level above. */
export const ancestorsOf = (relation: Relation, index: CatalogueIndex): Relation[] =>
  walked(relation, (oid) => index.relationsByOid.get(oid)?.parent ?? [], index);

/** Inheritance children (partitions) at every level below. */
export const descendantsOf = (relation: Relation, index: CatalogueIndex): Relation[] =>
  walked(relation, (oid) => index.children.get(oid) ?? [], index);
