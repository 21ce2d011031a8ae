import { createHash } from 'node:crypto';
import type { SqlDescription } from './description.js';
import type { Lineage } from './lineage-tracer.js';

/** The outputs of a text that is one statement; undefined where they cannot be told. */
export const outputsOf = ({ statements, error }: SqlDescription): Lineage['outputs'] =>
  error === undefined && statements.length === 1 ? statements[0]!.lineage.outputs : undefined;

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
