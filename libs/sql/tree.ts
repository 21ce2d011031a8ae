/** PostgreSQL's raw parse tree as libpg-query gives it: a node is `{Kind: {field: …}}`, a typed field holds the bare body. */
export type Tree = { readonly [field: string]: Branch };
export type Branch = string | number | boolean | null | undefined | Tree | readonly Branch[];

export const isTree = (branch: Branch): branch is Tree =>
  typeof branch === 'object' && branch !== null && !Array.isArray(branch);

export const treeAt = (tree: Tree | undefined, field: string): Tree | undefined => {
  const branch = tree?.[field];
  return isTree(branch) ? branch : undefined;
};

export const listAt = (tree: Tree | undefined, field: string): readonly Tree[] => {
  const branch = tree?.[field];
  return Array.isArray(branch) ? (branch as readonly Branch[]).filter(isTree) : [];
};

/** The bodies of those nodes of a list that are of one kind. */
export const bodiesAt = (tree: Tree | undefined, field: string, kind: string): Tree[] => {
  const bodies: Tree[] = [];
  for (const node of listAt(tree, field)) {
    const body = treeAt(node, kind);
    if (body) bodies.push(body);
  }
  return bodies;
};

export const textAt = (tree: Tree | undefined, field: string): string | undefined => {
  const branch = tree?.[field];
  return typeof branch === 'string' ? branch : undefined;
};

export const numberAt = (tree: Tree | undefined, field: string): number => {
  const branch = tree?.[field];
  return typeof branch === 'number' ? branch : 0;
};

/** The strings of a list of String nodes, for example a qualified name; a star is `*`. */
export const namesOf = (nodes: readonly Tree[]): string[] =>
  nodes.map((node) => ('A_Star' in node ? '*' : (textAt(treeAt(node, 'String'), 'sval') ?? '')));

export const namesAt = (tree: Tree | undefined, field: string): string[] => namesOf(listAt(tree, field));

/** The one `[kind, body]` of a wrapped node. */
export const nodeOf = (node: Tree | undefined): readonly [kind: string, body: Tree] | undefined => {
  for (const kind in node) {
    const body = node[kind];
    if (isTree(body)) return [kind, body];
  }
  return undefined;
};

/** A constant as text (strings, numbers, booleans); undefined for anything else, a cast of a constant included. */
export const constantOf = (node: Tree | undefined): string | undefined => {
  const constant = treeAt(node, 'A_Const') ?? node;
  const integer = treeAt(constant, 'ival') ?? treeAt(node, 'Integer');
  if (integer) return String(numberAt(integer, 'ival'));
  const boolean = treeAt(constant, 'boolval') ?? treeAt(node, 'Boolean');
  if (boolean) return String(boolean['boolval'] === true);
  const float = treeAt(constant, 'fval') ?? treeAt(node, 'Float');
  if (float) return textAt(float, 'fval');
  return textAt(treeAt(constant, 'sval') ?? treeAt(node, 'String'), 'sval');
};
