/** Every API that is carried, by its name. */
import { openaiChat, openaiResponses } from './openai/index.js';
import type { ModelApi, ModelApiName } from './types.js';

export const modelApis: Readonly<Partial<Record<ModelApiName, ModelApi>>> = {
  'openai.responses': openaiResponses,
  'openai.chat': openaiChat,
};
