import { relationNameOf, written } from './names.js';
import { type Tree, textAt } from './tree.js';
import type { Walk } from './walk.js';

/** Notes a relation that the statement makes: definitions change, and a temporary one may hide another of its name. */
export const createRelation = (rangeVar: Tree, walk: Walk): void => {
  const { draft } = walk;
  const name = relationNameOf(rangeVar);
  const isTemporary = textAt(rangeVar, 'relpersistence') === 't' || name.schema?.startsWith('pg_temp') === true;
  draft.name(written(name), true);
  if (draft.planned) return;
  draft.effects.ddl = true;
  if (isTemporary) draft.effects.createsTemporary = [...(draft.effects.createsTemporary ?? []), name.name];
};
