export { buildCatalogue } from './build-catalogue.js';
export {
  type Catalogue,
  type Column,
  type Fn,
  qualify,
  type Relation,
  type RelationKind,
  type UserOperator,
  type UserType,
} from './catalogue.js';
export { type CatalogueQuery, type CatalogueRows, catalogueQueries } from './catalogue-queries.js';
export { describe } from './describe.js';
export { createDescriber, type Describer, type DescriberOptions } from './describer.js';
export type {
  CopyDescription,
  NamedText,
  SessionEffects,
  SqlDescription,
  SqlSession,
  SqlStatement,
  Touch,
} from './description.js';
export { catalogueDigest, decodeCatalogue, encodeCatalogue } from './encode-catalogue.js';
export { factsOf, isPure } from './facts.js';
export { type HardenOptions, hardenScript } from './harden-script.js';
export { likenessOf } from './likeness.js';
export { lineageDigest, lineageDigestSize, outputsOf } from './lineage-digest.js';
export type { ColumnSource, Lineage, OutputColumn, StoredValue } from './lineage-tracer.js';
export { type MaskedFacts, maskedFactsOf, noMaskedFacts, ruleOf } from './masked-facts.js';
export { defaultMaxTextBytes, loadParser } from './parser.js';
export { quoteSchema } from './quote.js';
export { type IsMasked, type Origin, originOf, type Reach, reachOf } from './reach.js';
export { type Hide, redactLiterals } from './redact.js';
export {
  type SelfCheckFacts,
  type SelfCheckQuery,
  selfCheckQueries,
  type WithheldColumn,
} from './self-check-queries.js';
export { sessionAfter } from './session-after.js';
export { type Shape, shapeOf } from './shape.js';
