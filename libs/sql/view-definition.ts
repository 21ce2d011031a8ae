import { readFunctions, volatileReadFunctions } from './built-in-functions.js';
import { isBuiltIn } from './functions.js';
import { parse } from './parser.js';
import { type Branch, isTree, namesAt } from './tree.js';

export interface ViewFacts {
  /** Uses a whole row somewhere: pg_depend names no column for that. */
  readonly wholeRow: boolean;
  /** Built-in functions that are no plain reads. */
  readonly calls: readonly string[];
}

const scan = (branch: Branch, facts: { wholeRow: boolean; calls: Set<string> }): void => {
  if (Array.isArray(branch)) {
    for (const one of branch as readonly Branch[]) scan(one, facts);
  } else if (isTree(branch)) {
    if ('A_Star' in branch) facts.wholeRow = true;
    for (const key in branch) {
      const inner = branch[key];
      if (key === 'FuncCall' && isTree(inner)) facts.calls.add(namesAt(inner, 'funcname').at(-1) ?? '');
      scan(inner, facts);
    }
  }
};

/**
 * What a view's definition says beyond pg_depend, which records no built-in function and no whole-row reference.
 * pg_get_viewdef expands every `*` of a target list, so one that is left is a whole row. What does not parse (an older
 * grammar, a definition above the size cap) counts as using whole rows and calling something unknown.
 */
export const viewFactsOf = (definition: string | null | undefined): ViewFacts => {
  const parsed = definition ? parse(definition, 1024 * 1024) : { error: 'no definition' };
  if ('error' in parsed) return { wholeRow: true, calls: ['?'] };
  const facts = { wholeRow: false, calls: new Set<string>() };
  for (const { node } of parsed.statements) scan(node, facts);
  const matters = (name: string): boolean =>
    isBuiltIn(name) && !readFunctions.has(name) && !volatileReadFunctions.has(name);
  return { wholeRow: facts.wholeRow, calls: [...facts.calls].filter(matters).sort() };
};
