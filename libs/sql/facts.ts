import type { Facts } from '@sallyport/core';
import type { SqlDescription } from './description.js';
import { type MaskedFacts, noMaskedFacts } from './masked-facts.js';

/** The Cedar context of `sql.execute`, as far as the statement gives it. */
export const factsOf = (description: SqlDescription, masked: MaskedFacts = noMaskedFacts): Facts => ({
  risk: description.risk,
  verbs: description.verbs,
  relations: description.relations,
  written: description.written,
  columns: description.columns,
  functions: description.functions,
  has_where: description.hasWhere,
  statements: description.statements.length,
  flags: description.flags,
  unresolved: description.unresolved.length > 0,
  opaque: description.opaque,
  ...masked,
});

/** Flags of what leaves a trace in the session or the server although its risk is `read`. */
const impure = ['volatile-function', 'unknown-function', 'transaction-control', 'explain-analyze', 'copy-encoding'];

/** Without any effect: may be sent on while its record is being committed. */
export const isPure = ({ risk, opaque, unresolved, flags, sessionEffects, error }: SqlDescription): boolean =>
  risk === 'read' &&
  error === undefined &&
  !opaque &&
  unresolved.length === 0 &&
  Object.keys(sessionEffects).length === 0 &&
  !impure.some((flag) => flags.includes(flag));
