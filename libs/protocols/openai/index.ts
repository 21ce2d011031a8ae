import type { Protocol } from '@sallyport/engine';

/** OpenAI's Responses and Chat Completions. Each half is loaded only where it is hosted. */
export const openai: Protocol = {
  name: 'openai',
  clientSide: async () => (await import('./client-side.js')).createOpenAiClientSide(),
  targetSide: async () => (await import('./target-side.js')).createOpenAiTargetSide(),
};
