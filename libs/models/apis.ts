/** The APIs that the gateway knows, by name. */
import { anthropicApis } from './anthropic/index.js';
import { openaiApis } from './openai/index.js';
import type { ModelApi, ModelApiName } from './types.js';

export const modelApis: ReadonlyMap<ModelApiName, ModelApi> = new Map(
  [...anthropicApis, ...openaiApis].map((api) => [api.name, api]),
);
