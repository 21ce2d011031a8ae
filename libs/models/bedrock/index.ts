export { bedrockConverse, maskConverseFrames } from './converse.js';
export type { BedrockTarget, EventFrame, MaskedFrames } from './frames.js';
export { bedrockInvoke, maskInvokeFrames } from './invoke.js';
