/** Both halves of a protocol of models and the real engine in one process, before a scripted model: no tunnel, no database. */
import type { ModelUsage } from '@sallyport/core';
import type { ModelEstimate, ModelWitness } from '@sallyport/engine';
import type { Patience } from '@sallyport/model-gateway';
import { createAnthropicClientSide } from '../anthropic/client-side.js';
import { createAnthropicTargetSide } from '../anthropic/target-side.js';
import { createOpenAiClientSide } from '../openai/client-side.js';
import { createOpenAiTargetSide } from '../openai/target-side.js';
import { type HouseOptions, inProcess } from './in-process.js';

export interface ModelGatewayOptions extends HouseOptions {
  readonly protocol: 'anthropic' | 'openai';
  /** The scripted model. */
  readonly model: { readonly url: string; readonly key: string };
  readonly patience?: Partial<Patience>;
  readonly witness?: (seen: ModelWitness) => Promise<void>;
  readonly reserve?: (estimate: ModelEstimate) => Promise<void>;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** What became of the budgets, in order. */
export type Spent =
  | { readonly event: 'reserved'; readonly estimate: ModelEstimate }
  | { readonly event: 'settled'; readonly usage: ModelUsage }
  | { readonly event: 'released' };

export const modelTicket = `spt_${'T'.repeat(43)}`;

const sides = {
  anthropic: { client: createAnthropicClientSide, target: createAnthropicTargetSide },
  openai: { client: createOpenAiClientSide, target: createOpenAiTargetSide },
} as const;

export async function modelGateway(options: ModelGatewayOptions) {
  const clientSide = sides[options.protocol].client(options.patience);
  const targetSide = sides[options.protocol].target();
  const witnessed: ModelWitness[] = [];
  const spent: Spent[] = [];
  const settings = { endpoint: options.model.url, ...options.settings };
  targetSide.configure(settings);
  const gateway = await inProcess(
    {
      clientSide,
      targetSide,
      target: {
        alias: 'model',
        host: '',
        port: 443,
        settings,
        masking: [],
        credential: async () => ({ user: '', password: options.model.key }),
      },
      connection: { name: 'model', version: 1, target: 'model', databases: [], settings: {} },
      admits: ({ ticket }) => ticket === modelTicket,
      isRecorded: ({ action }) => action === 'model.request',
      session: {
        witness: async (seen) => {
          await options.witness?.(seen);
          witnessed.push(seen);
        },
        reserve: async (estimate) => {
          await options.reserve?.(estimate);
          spent.push({ event: 'reserved', estimate });
          return {
            settle: async (usage) => {
              spent.push({ event: 'settled', usage });
              return { ...usage, microUsd: 42 };
            },
            release: async () => void spent.push({ event: 'released' }),
          };
        },
      },
    },
    options,
  );
  const { events } = gateway;
  return {
    ...gateway,
    endpoint: `https://localhost:${gateway.port}`,
    witnessed,
    spent,
    /** The operations of one action that were decided, in order. */
    decisions: (action: string) =>
      events
        .filter(
          ({ event, operation }) => /^operation\.(?:allow|deny|review)$/.test(event) && operation?.action === action,
        )
        .map(({ event, operation }) => ({ outcome: event.slice('operation.'.length), operation: operation! })),
    outcomes: () =>
      events.filter(({ event }) => event === 'operation.completed').map(({ text, outcome }) => ({ text, outcome })),
  };
}
export type ModelGateway = Awaited<ReturnType<typeof modelGateway>>;
