import type { Facts } from '@sallyport/core';

/** What a forbid lets pass of one fact: `unless { ["a", "b"].containsAll(context.fact) }`, or `context.fact.isEmpty()`. */
export interface AllowList {
  readonly fact: string;
  readonly names: ReadonlySet<string>;
}

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (node: unknown, ...path: readonly string[]): unknown =>
  path.reduce((inner, key) => (isNode(inner) ? inner[key] : undefined), node);

const factOf = (node: unknown): string | undefined => {
  const fact = at(node, '.', 'attr');
  return at(node, '.', 'left', 'Var') === 'context' && typeof fact === 'string' ? fact : undefined;
};

const textsOf = (node: unknown): string[] | undefined => {
  const values = at(node, 'Set');
  return Array.isArray(values)
    ? values.flatMap((value) => (at(value, 'Value') as string | undefined) ?? [])
    : undefined;
};

const listIn = (node: Node): AllowList | undefined => {
  const names = textsOf(at(node, 'containsAll', 'left'));
  const fact = factOf(at(node, names === undefined ? 'isEmpty' : 'containsAll', names === undefined ? 'arg' : 'right'));
  return fact === undefined ? undefined : { fact, names: new Set(names ?? []) };
};

/** Of what must all hold; below "or" and "not" nothing is certain. */
const listsIn = (node: unknown): AllowList[] => {
  if (!isNode(node)) return [];
  const both = at(node, '&&');
  if (both !== undefined) return [...listsIn(at(both, 'left')), ...listsIn(at(both, 'right'))];
  const list = listIn(node);
  return list === undefined ? [] : [list];
};

/** @param conditions of one policy, as Cedar's JSON gives them */
export const allowListsOf = (conditions: unknown): readonly AllowList[] =>
  Array.isArray(conditions)
    ? conditions.flatMap((condition) => (at(condition, 'kind') === 'unless' ? listsIn(at(condition, 'body')) : []))
    : [];

const mostNames = 5;

/** @returns for each fact what of it is on no list, in words; empty where all of it is */
export const beyond = (lists: readonly AllowList[], facts: Facts): string[] =>
  lists.flatMap(({ fact, names }) => {
    const value = facts[fact];
    const others = Array.isArray(value) ? value.filter((name) => !names.has(String(name))).map(String) : [];
    const more = others.length > mostNames ? ` and ${others.length - mostNames} more` : '';
    return others.length === 0 ? [] : [`${fact.replaceAll('_', ' ')} ${others.slice(0, mostNames).join(', ')}${more}`];
  });
