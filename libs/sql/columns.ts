import { qualify } from './catalogue.js';
import { judgeField, type Names } from './names.js';
import { readColumns } from './relations.js';
import { levels, type Scope, type ScopeItem, type Sources, systemColumns, wholeOf } from './scope.js';

export const readSources = (sources: Sources, { index, draft }: Names): void => {
  if (index) for (const [relation, column] of sources) readColumns(relation, [column], index, draft);
};

export const readWhole = (items: readonly ScopeItem[], names: Names): void => {
  for (const item of items) readSources(wholeOf(item), names);
};

const itemNamed = (alias: string, scope: Scope): ScopeItem | undefined => {
  for (const { items } of levels(scope)) {
    const found = items.find((item) => item.alias === alias);
    if (found) return found;
  }
  return undefined;
};

/** Names the relation with its schema: only where it is in FROM under its own name. */
const itemQualified = (schema: string, name: string, scope: Scope): ScopeItem | undefined => {
  for (const { items } of levels(scope)) {
    const found = items.find(
      (item) => item.alias === name && item.aliased !== true && item.relations.some((one) => one.schema === schema),
    );
    if (found) return found;
  }
  return undefined;
};

const isReal = (item: ScopeItem): boolean => item.relations.length > 0;

const fieldOf = (item: ScopeItem, field: string, names: Names): void => {
  if (field === '*') {
    readWhole([item], names);
    return;
  }
  const sources = item.columns.get(field);
  if (sources) {
    readSources(sources, names);
    return;
  }
  if (systemColumns.has(field) && isReal(item)) return;
  // No such column: PostgreSQL then looks for a function of that name that takes the whole row.
  readWhole([item], names);
  judgeField(field, names);
  if (!item.open) names.draft.miss(qualify(item.alias ?? '?', field));
};

const unqualified = (name: string, scope: Scope, names: Names): void => {
  let open = false;
  for (const { items } of levels(scope)) {
    const found = items.filter((item) => item.columns.has(name));
    for (const item of found) readSources(item.columns.get(name) ?? [], names);
    // What an item may show beside what is known of it is a guess: the name may be one further out.
    if (found.some((item) => !item.open)) return;
    open ||= items.some((item) => item.open);
  }
  const whole = itemNamed(name, scope);
  if (whole) {
    readWhole([whole], names);
    return;
  }
  if (open || systemColumns.has(name)) return;
  readWhole(
    [...levels(scope)].flatMap(({ items }) => items),
    names,
  );
  names.draft.miss(name);
};

/** Notes what a column reference reads: a column, a whole row, or everything in sight where it cannot be told. */
export const readReference = (fields: readonly string[], scope: Scope, names: Names): void => {
  const [first = '', second = '', ...rest] = fields;
  if (first === '*') {
    readWhole(scope.items, names);
    return;
  }
  if (fields.length === 1) {
    unqualified(first, scope, names);
    return;
  }
  const parts = rest.length > 1 ? [second, ...rest] : fields;
  const item = rest.length === 0 ? itemNamed(first, scope) : itemQualified(parts[0] ?? '', parts[1] ?? '', scope);
  if (item) {
    fieldOf(item, parts.at(-1) ?? '', names);
    return;
  }
  readWhole(
    [...levels(scope)].flatMap(({ items }) => items),
    names,
  );
  names.draft.miss(qualify(...fields));
};

/** The row that a bare name stands for, where no column has that name. */
export const rowNamed = (name: string, scope: Scope): ScopeItem | undefined => {
  for (const { items } of levels(scope)) if (items.some((item) => item.columns.has(name))) return undefined;
  return itemNamed(name, scope);
};

export { fieldOf as readField };
