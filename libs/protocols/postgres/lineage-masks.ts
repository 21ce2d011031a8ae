/** What must be hidden of each output column, by where the tree says it comes from and by what the wire says. */
import type { ColumnMask } from '@sallyport/masking';
import { type ColumnSource, type Lineage, type OutputColumn, originOf, ruleOf } from '@sallyport/sql';
import type { Field } from './backend.js';
import { type AnswerMask, maskOf, type OriginContext, unprovenMask, wholeMask } from './origin.js';

type Outputs = NonNullable<Lineage['outputs']>;
type Context = Pick<OriginContext, 'masker' | 'catalogue'>;

const maskOfSource = (source: ColumnSource, { masker, catalogue }: Context): ColumnMask | undefined => {
  const own = masker.column(source.schema, source.relation, source.column);
  if (own !== undefined) return own;
  let mask: ColumnMask | undefined;
  ruleOf(source, catalogue, (...names) => (mask ??= masker.column(...names))?.rule);
  return mask;
};

/** By the tree alone. A column shown unchanged keeps its own form only if no other rule has a say; what is made of one is hidden whole. */
const maskOfOutput = ({ sources, bare, opaque }: OutputColumn, context: Context): AnswerMask | undefined => {
  const masks = sources.flatMap((source) => maskOfSource(source, context) ?? []);
  const [first] = masks;
  if (first === undefined) return opaque ? unprovenMask : undefined;
  const own = bare && maskOfSource(bare, context);
  return own !== undefined && masks.every(({ rule }) => rule === own.rule) ? own : wholeMask(first.rule);
};

export const masksOfOutputs = (outputs: Outputs, context: Context): (AnswerMask | undefined)[] =>
  outputs.map((output) => maskOfOutput(output, context));

const isWhole = (mask: AnswerMask | undefined): boolean => mask?.hidesNull === true && mask !== unprovenMask;

/** The wire names a column of a table that the tree does not know of: one of them is wrong. */
const disagrees = ({ table, attribute }: Field, { sources }: OutputColumn, { catalogue }: Context): boolean => {
  if (table === 0 || attribute <= 0 || catalogue === undefined) return false;
  const { schema, table: relation, column } = originOf(catalogue, table, attribute, () => undefined);
  return !sources.some((one) => one.schema === schema && one.relation === relation && one.column === column);
};

/**
 * The stricter of tree and wire. Without a lineage, or where it has another number of columns, the wire decides alone:
 * then what is no column of a table is hidden whole as soon as its statement may read a masked column.
 */
export function masksOf(
  fields: readonly Field[],
  outputs: Lineage['outputs'],
  context: OriginContext,
): (AnswerMask | undefined)[] {
  if (!context.masker.hasColumnRules || outputs?.length !== fields.length)
    return fields.map((field) => maskOf(field, context));
  return fields.map((field, index) => {
    const output = outputs[index]!;
    const wire = maskOf(field, context);
    const tree = maskOfOutput(output, context);
    // A column that is written and then shown holds what it was made of, and its own form may keep some of that.
    if (wire !== undefined && wire !== unprovenMask) return isWhole(tree) ? tree : wire;
    if (disagrees(field, output, context)) return unprovenMask;
    return tree === unprovenMask ? wire : tree;
  });
}

/** The client's own constants and parameters, which are no secrets of the target: nothing in them needs to be found. */
export const ownValues = (fields: readonly Field[], outputs: Lineage['outputs']): readonly boolean[] =>
  outputs?.length === fields.length
    ? fields.map(({ table }, index) => table === 0 && outputs[index]!.constant === true)
    : [];
