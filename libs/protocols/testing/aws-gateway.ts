/** Both halves of the AWS protocol and the real engine in one process, before a real upstream: no tunnel, no database. */

import { createHmac, randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { deriveKeyPair } from '@sallyport/aws';
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
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import { createAwsClientSide } from '../aws/client-side.js';
import { createAwsTargetSide } from '../aws/target-side.js';
import { memoryChannels } from './memory-channel.js';
import { type Event, footerOf, type RecordedResponse } from './postgres-gateway.js';

export interface AwsGatewayOptions {
  /** The target's settings in the agent's file, beside the regions. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The connection's. */
  readonly connection?: Readonly<Record<string, unknown>>;
  /** Undefined allows. */
  readonly decide?: (operation: Operation) => Decision | Decision['outcome'] | undefined;
  readonly review?: Guards['review'];
  readonly rules?: readonly MaskingRule[];
  readonly minimum?: readonly MaskingRule[];
  readonly durable?: (operation: Operation) => Promise<void>;
  readonly records?: boolean;
  readonly publicHost?: string;
  readonly ticketExpiresAt?: Date;
  /** How long a client is kept waiting for people. */
  readonly holdMs?: number;
  /** What the store says of a signature; undefined knows none. */
  readonly once?: Lobby['once'];
  /** Throws where a budget is used up. */
  readonly reserve?: (estimate: ModelEstimate) => Promise<void>;
  readonly credential?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const decided = { policies: ['test' as PolicyId], policyVersion: 1 };
const installationKey = Buffer.alloc(32, 9);
export const awsTicket = `spt_${'T'.repeat(43)}`;
const region = 'eu-west-1';

const derive: Lobby['derive'] = (purpose, text) =>
  createHmac('sha256', installationKey).update(`${purpose.length} ${purpose}`).update(text).digest();

export async function awsGateway(options: AwsGatewayOptions) {
  const { publicHost = 'localhost' } = options;
  const authority = await createAuthority({});
  const contexts = new Map<string, ReturnType<typeof createSecureContext>>();
  const contextFor = async (name: string) => {
    const known = contexts.get(name);
    if (known !== undefined) return known;
    const { privateKey, certificate } = await issueServerCertificate(
      authority,
      name === '' ? ['localhost', '127.0.0.1'] : [name],
    );
    const context = createSecureContext({ key: privateKey, cert: certificate });
    contexts.set(name, context);
    return context;
  };
  const tls = await contextFor('');
  const [clientSide, targetSide] = await Promise.all([
    createAwsClientSide(options.holdMs === undefined ? {} : { holdMs: options.holdMs }),
    createAwsTargetSide(),
  ]);
  const events: Event[] = [];
  const witnessed: ModelWitness[] = [];
  const settled: (ModelUsage | undefined)[] = [];
  const log: string[] = [];
  const responses = new Map<OperationId, RecordedResponse>();
  const ended = new Set<AbortController>();
  const plan = planOf([...(options.rules ?? [])]);
  const settings = { regions: '*', region, ...options.settings };
  targetSide.configure(settings);
  const { accessKeyId, secretAccessKey } = options.credential ?? {
    accessKeyId: 'AKIAREALREALREALREAL',
    secretAccessKey: 'real-secret',
  };

  const host = (session: SessionId): TargetHost => ({
    target: {
      alias: 'cloud',
      host: '',
      port: 443,
      settings,
      masking: options.minimum ?? [],
      credential: async () => ({ user: accessKeyId, password: secretAccessKey, aws: { accessKeyId, secretAccessKey } }),
    },
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
      const records = options.records === true && operation.action !== 'session.connect';
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
        id: randomUUID() as PersonId,
        class: 'person',
        issuer: 'test',
        subject: 'ada',
        name: 'ada',
        groups: [],
        roles: ['user'],
      },
      turn: { aiSession: 'ai-1', turn: 't-1', toolCall: 'c-1' },
      connection: { name: 'cloud', version: 1, target: 'cloud', databases: [], settings: options.connection ?? {} },
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
      witness: async (seen) => void witnessed.push(seen),
      reserve: async (estimate) => {
        if (options.reserve !== undefined) await options.reserve(estimate);
        return {
          settle: async (usage) => {
            settled.push(usage);
            return { ...usage, microUsd: 1_000 };
          },
          release: async () => void settled.push(undefined),
        };
      },
      knowsCatalogue: () => true,
      close: (reason) => void events.push({ event: 'session.ended', ...(reason ? { text: reason.code } : {}) }),
    };
  };

  const lobby: Lobby = {
    tls,
    contextFor,
    answersTo: (name) => /\.amazonaws\.com$/.test(name) || name.endsWith(`.${publicHost}`),
    publicHost,
    derive,
    admit: async ({ ticket }) => {
      if (ticket !== awsTicket) throw new GatewayError('TICKET_INVALID', 'the ticket is not valid for this connection');
      return session();
    },
    limits: { startupBytes: 16 * 1024, startupMs: 2_000 },
    once: options.once ?? (async () => true),
    cancellations: { register: () => () => undefined, request: () => undefined },
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
  const pair = deriveKeyPair(derive('aws', ''), awsTicket);
  return {
    port,
    region,
    endpoint: `https://localhost:${port}`,
    ca: authority.certificate,
    events,
    witnessed,
    /** What reservations ended with: undefined is a release. */
    settled,
    log,
    responses,
    /** What a client signs with. */
    credentials: { ...pair, sessionToken: awsTicket },
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
