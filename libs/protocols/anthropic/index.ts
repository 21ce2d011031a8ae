import type { Protocol } from '@sallyport/engine';

/** Anthropic's Messages API. Each half is loaded only where it is hosted. */
export const anthropic: Protocol = {
  name: 'anthropic',
  clientSide: async () => (await import('./client-side.js')).createAnthropicClientSide(),
  targetSide: async () => (await import('./target-side.js')).createAnthropicTargetSide(),
};
