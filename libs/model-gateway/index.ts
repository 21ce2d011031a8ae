export * from './client/index.js';
export { parseVerdict } from './target/call-head.js';
export { Ledgers } from './target/ledgers.js';
export { modelSettingNames, parseModelSettings } from './target/settings.js';
export { createModelTargetSide, type ModelTargetSideOptions } from './target/target-side.js';
export { Verdicts } from './target/verdicts.js';
export * from './wire.js';
