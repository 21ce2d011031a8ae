/** Both halves of a protocol of models and the real engine in one process, before a scripted model: no tunnel, no database. */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import {
  type Decision,
  GatewayError,
  type MaskingRule,
  type ModelUsage,
  type Operation,
  type OperationId,
  type PersonId,
  type PolicyId,
  type SessionId,
} from '@sallyport/core';
import {
  type Guards,
  type Lobby,
  type ModelEstimate,
  type ModelWitness,
  type SessionHandle,
  serve,
  type TargetHost,
} from '@sallyport/engine';
import { planOf } from '@sallyport/masking';
import type { Patience } from '@sallyport/model-gateway';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import { createAnthropicClientSide } from '../anthropic/client-side.js';
import { createAnthropicTargetSide } from '../anthropic/target-side.js';
import { createOpenAiClientSide } from '../openai/client-side.js';
import { createOpenAiTargetSide } from '../openai/target-side.js';
import { memoryChannels } from './memory-channel.js';
import { type Event, footerOf, type RecordedResponse } from './postgres-gateway.js';

export interface ModelGatewayOptions {
  readonly protocol: 'anthropic' | 'openai';
  /** The scripted model. */
  readonly model: { readonly url: string; readonly key: string };
  /** Undefined allows. */
  readonly decide?: (operation: Operation) => Decision | Decision['outcome'] | undefined;
  readonly review?: Guards['review'];
  readonly rules?: readonly MaskingRule[];
  readonly durable?: (operation: Operation) => Promise<void>;
  readonly records?: boolean;
  readonly patience?: Partial<Patience>;
  readonly witness?: (seen: ModelWitness) => Promise<void>;
  readonly reserve?: (estimate: ModelEstimate) => Promise<void>;
  readonly ticketExpiresAt?: Date;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** What became of the budgets, in order. */
export type Spent =
  | { readonly event: 'reserved'; readonly estimate: ModelEstimate }
  | { readonly event: 'settled'; readonly usage: ModelUsage }
  | { readonly event: 'released' };

const decided = { policies: ['test' as PolicyId], policyVersion: 1 };
export const modelTicket = `spt_${'T'.repeat(43)}`;

const sides = {
  anthropic: { client: createAnthropicClientSide, target: createAnthropicTargetSide },
  openai: { client: createOpenAiClientSide, target: createOpenAiTargetSide },
} as const;

export async function modelGateway(options: ModelGatewayOptions) {
  const authority = await createAuthority({});
  const { privateKey, certificate } = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const tls = createSecureContext({ key: privateKey, cert: certificate });
  const clientSide = sides[options.protocol].client(options.patience);
  const targetSide = sides[options.protocol].target();
  const events: Event[] = [];
  const witnessed: ModelWitness[] = [];
  const spent: Spent[] = [];
  const log: string[] = [];
  const responses = new Map<OperationId, RecordedResponse>();
  const ended = new Set<AbortController>();
  const plan = planOf([...(options.rules ?? [])]);
  const settings = { endpoint: options.model.url, ...options.settings };
  targetSide.configure(settings);
  const target: TargetHost['target'] = {
    alias: 'model',
    host: '',
    port: 443,
    settings,
    masking: [],
    credential: async () => ({ user: '', password: options.model.key }),
  };

  const host = (session: SessionId): TargetHost => ({
    target,
    session,
    maskingKey: Buffer.alloc(32, 7),
    catalogue: () => undefined,
    publish: () => undefined,
    recording: (operation) => {
      const pieces: { bytes: Buffer; at: Date }[] = [];
      return {
        add: (piece) => {
          const at = new Date(1_700_000_000_000 + pieces.length);
          pieces.push({ bytes: Buffer.from(piece), at });
          return at;
        },
        footer: () => `${operation} ${footerOf(pieces)}`,
      };
    },
    log: (event, details) => void log.push(`${event} ${String((details['error'] as Error | undefined)?.stack)}`),
  });

  const guards: Guards = {
    decide: (operation) => decisionOf(options.decide?.(operation) ?? 'allow'),
    masking: () => plan,
    record: (operation, decision) => {
      events.push({ event: `operation.${decision.outcome}`, text: operation.text, operation });
      const id = randomUUID() as OperationId;
      const records = options.records === true && operation.action === 'model.request';
      const response: RecordedResponse = { text: operation.text, pieces: [] };
      if (records) responses.set(id, response);
      return {
        id,
        durable: options.durable?.(operation) ?? Promise.resolve(),
        outcome: async (outcome, footer) =>
          void events.push({
            event: 'operation.completed',
            text: operation.text,
            outcome,
            ...(footer === undefined ? {} : { footer }),
          }),
        ...(records && {
          response: async (bytes: Uint8Array, at: Date) => void response.pieces.push({ bytes: Buffer.from(bytes), at }),
        }),
      };
    },
    review: options.review ?? (async () => ({ outcome: 'allow', ...decided })),
  };

  const session = (): SessionHandle => {
    const id = randomUUID() as SessionId;
    const ending = new AbortController();
    ended.add(ending);
    events.push({ event: 'session.started' });
    return {
      id,
      identity: {
        id: 'person-ada' as PersonId,
        class: 'person',
        issuer: 'test',
        subject: 'ada',
        name: 'ada',
        groups: [],
        roles: ['user'],
      },
      turn: {},
      connection: { name: 'model', version: 1, target: 'model', databases: [], settings: {} },
      ticketExpiresAt: options.ticketExpiresAt ?? new Date(Date.now() + 900_000),
      ended: ending.signal,
      tell: () => undefined,
      confirmed: () => undefined,
      foresee: (operation) => decisionOf(options.decide?.(operation) ?? 'allow').outcome,
      run: (exchanges) => serve(exchanges, guards),
      open: async (head) => {
        const [near, far] = memoryChannels();
        near.write({ kind: 1, exchange: 0, head, body: new Uint8Array(0) });
        void targetSide.serve(far, host(id)).then(
          () => far.end(),
          (error: unknown) =>
            far.destroy(error instanceof GatewayError ? error : new GatewayError('INTERNAL', String(error))),
        );
        return near;
      },
      masking: () => plan,
      catalogue: () => undefined,
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
      knowsCatalogue: () => true,
      close: (reason) => void events.push({ event: 'session.ended', ...(reason ? { text: reason.code } : {}) }),
    };
  };

  const lobby: Lobby = {
    tls,
    contextFor: async () => tls,
    answersTo: () => false,
    publicHost: 'localhost',
    derive: () => Buffer.alloc(32, 9),
    admit: async ({ ticket }) => {
      if (ticket !== modelTicket)
        throw new GatewayError('TICKET_INVALID', 'the ticket is not valid for this connection');
      return session();
    },
    limits: { startupBytes: 16 * 1024, startupMs: 2_000 },
    cancellations: { register: () => () => undefined, request: () => undefined },
    once: () => Promise.reject(new Error('nothing is used once here')),
    log: (event, details) => void log.push(`${event} ${String((details['error'] as Error | undefined)?.stack)}`),
  };

  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    void clientSide.serve(socket, lobby);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `https://localhost:${port}`,
    ca: authority.certificate,
    events,
    witnessed,
    spent,
    log,
    responses,
    /** The operations of one action that were decided, in order. */
    decisions: (action: string) =>
      events
        .filter(
          ({ event, operation }) => /^operation\.(?:allow|deny|review)$/.test(event) && operation?.action === action,
        )
        .map(({ event, operation }) => ({ outcome: event.slice('operation.'.length), operation: operation! })),
    outcomes: () =>
      events.filter(({ event }) => event === 'operation.completed').map(({ text, outcome }) => ({ text, outcome })),
    endSessions: (): void => {
      for (const ending of ended) ending.abort(new GatewayError('SESSION_ENDED', 'an administrator ended it'));
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
export type ModelGateway = Awaited<ReturnType<typeof modelGateway>>;

function decisionOf(outcome: Decision | Decision['outcome']): Decision {
  if (typeof outcome !== 'string') return outcome;
  if (outcome === 'allow') return { outcome, ...decided };
  if (outcome === 'deny')
    return { outcome, ...decided, refusal: { code: 'POLICY_DENIED', message: 'the policy says no', hint: 'ask' } };
  return {
    outcome,
    ...decided,
    requirement: { groups: ['reviewers'], approvals: 1, timeoutMs: 60_000, onTimeout: 'deny' },
  };
}
