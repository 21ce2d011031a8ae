/** OpenAI's Responses and Chat Completions to the client: Codex and the SDKs, whose base URL is this gateway. */
import type { ClientSide } from '@sallyport/engine';
import { createModelClientSide, listed, type ModelSurface, type Patience } from '@sallyport/model-gateway';
import { modelApis } from '@sallyport/models';
import { turnOf } from './describe.js';
import { refusalAnswer } from './refuse.js';
import { elsewhere, errorEvent, ping, probes, routes } from './wire.js';

export const openAiSurface: ModelSurface = {
  name: 'openai',
  routes,
  probes,
  elsewhere,
  apis: modelApis,
  turnOf,
  betasOf: (headers) => listed(headers, 'openai-beta'),
  meaningful: ['openai-beta', 'openai-organization', 'openai-project'],
  refusal: refusalAnswer,
  ping,
  errorEvent,
};

export const createOpenAiClientSide = (patience: Partial<Patience> = {}): ClientSide =>
  createModelClientSide(openAiSurface, patience);
