export { bedrockConverse, maskConverseFrames } from './converse.js';
export { bedrockCount } from './count-tokens.js';
export type { BedrockTarget, EventFrame, MaskedFrames } from './frames.js';
export { type FramedApi, invokeApi } from './invoke-api.js';
export { bedrockAsync, describeBatch } from './jobs.js';
