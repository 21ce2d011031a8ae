import { createHash } from 'node:crypto';
import type { SqlDescription } from './description.js';
import type { Lineage } from './lineage-tracer.js';

type Outputs = Lineage['outputs'];

/** A statement of several that changes data, names or settings changes what the next ones mean. */
const isOneOrOnlyReads = ({ statements, risk, sessionEffects }: SqlDescription): boolean =>
  statements.length === 1 ||
  (risk === 'read' && Object.keys(sessionEffects).every((effect) => effect === 'transaction'));

/** The outputs of each statement of a text; undefined where they cannot be told. */
export const outputsOf = (description: SqlDescription): readonly Outputs[] | undefined =>
  description.error === undefined && isOneOrOnlyReads(description)
    ? description.statements.map(({ lineage }) => lineage.outputs)
    : undefined;

/** Hexadecimal digits of `lineageDigest`. */
export const lineageDigestSize = 16;

const digests = new WeakMap<SqlDescription, string>();

/** By which control plane and agent compare what each has found of the outputs; zeros where nothing can be told. */
export const lineageDigest = (description: SqlDescription): string => {
  const known = digests.get(description);
  if (known !== undefined) return known;
  const outputs = outputsOf(description);
  const digest =
    outputs === undefined
      ? '0'.repeat(lineageDigestSize)
      : createHash('sha256').update(JSON.stringify(outputs)).digest('hex').slice(0, lineageDigestSize);
  digests.set(description, digest);
  return digest;
};
