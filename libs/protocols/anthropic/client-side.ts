/** Anthropic's Messages API to the client: Claude Code and the SDKs, whose base URL is this gateway. */
import type { ClientSide } from '@sallyport/engine';
import { createModelClientSide, listed, type ModelSurface, type Patience } from '@sallyport/model-gateway';
import { modelApis } from '@sallyport/models';
import { turnOf } from './describe.js';
import { refusalAnswer } from './refuse.js';
import { elsewhere, errorEvent, ping, probes, routes } from './wire.js';

export const anthropicSurface: ModelSurface = {
  name: 'anthropic',
  routes,
  probes,
  elsewhere,
  apis: modelApis,
  turnOf,
  betasOf: (headers) => listed(headers, 'anthropic-beta'),
  meaningful: ['anthropic-version', 'anthropic-beta'],
  refusal: refusalAnswer,
  ping,
  errorEvent,
};

export const createAnthropicClientSide = (patience: Partial<Patience> = {}): ClientSide =>
  createModelClientSide(anthropicSurface, patience);
