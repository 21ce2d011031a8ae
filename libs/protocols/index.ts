import type { Protocol } from '@sallyport/engine';
import { anthropic } from './anthropic/index.js';
import { aws } from './aws/index.js';
import { openai } from './openai/index.js';
import { postgres } from './postgres/index.js';

/** Every protocol that the gateway speaks. Adding one is its folder and one line here; a test compares the two. */
export const protocols: readonly Protocol[] = [anthropic, aws, openai, postgres];

export { modelSettingNames } from '@sallyport/model-gateway';
export { awsSettingNames } from './aws/settings.js';
export { labelsOf as cloudTrailLabels } from './aws/target/scoping/attribution.js';
