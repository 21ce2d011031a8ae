export { partially, redacted, stricter } from './actions.js';
export { type ColumnMask, type ColumnPattern, parseColumnPattern } from './columns.js';
export type { DetectorClass } from './detector.js';
export { detectorGroups, detectorNames } from './detectors.js';
export { compileMasking, type Masker, type MaskingOptions } from './masker.js';
export { parseRules, planOf, strictest } from './rules.js';
export type { Finder, Findings, ScanResult, StreamScanner, TextResult } from './scanner.js';
export { hideSecrets, isSecret, secretsOnly } from './secrets-only.js';
export type { Replacement } from './weaver.js';
