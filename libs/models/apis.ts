/** The APIs that the gateway knows, by name. */
import { openaiApis } from './openai/index.js';
import type { ModelApi, ModelApiName } from './types.js';

export const modelApis: ReadonlyMap<ModelApiName, ModelApi> = new Map([...openaiApis].map((api) => [api.name, api]));
