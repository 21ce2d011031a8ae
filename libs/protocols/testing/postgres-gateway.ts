/** Both halves of the PostgreSQL protocol and the real engine in one process, before a real server: no tunnel, no database. */

import { createHash, randomUUID } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import {
  type Decision,
  type Digest,
  GatewayError,
  type MaskingRule,
  type Operation,
  type OperationId,
  type Outcome,
  type PersonId,
  type PolicyId,
  type SessionId,
} from '@sallyport/core';
import {
  type CatalogueSnapshot,
  type Guards,
  type Lobby,
  type ResponseRecording,
  type SessionHandle,
  serve,
  type TargetHost,
} from '@sallyport/engine';
import { planOf } from '@sallyport/masking';
import type { TestDatabase } from '@sallyport/testkit';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import { createPostgresClientSide } from '../postgres/client-side.js';
import { createPostgresTargetSide } from '../postgres/target-side.js';
import { memoryChannels } from './memory-channel.js';

export const ticket = 'spt_test-ticket';

export type Event = {
  readonly event: string;
  readonly text?: string;
  readonly outcome?: Outcome;
  readonly operation?: Operation;
  /** Of a recorded response: what the agent signed of it. */
  readonly footer?: string;
};

/** What the control plane was given of a recorded response, in its order. */
export interface RecordedResponse {
  readonly text: string;
  readonly pieces: { readonly bytes: Buffer; readonly at: Date }[];
}

/** Instead of a signature: anybody can compute it of the same pieces, in the same order, with the same times. */
export const footerOf = (pieces: readonly { readonly bytes: Uint8Array; readonly at: Date }[]): string => {
  const hash = createHash('sha256');
  for (const { bytes, at } of pieces) hash.update(`${at.getTime()} ${bytes.length} `).update(bytes);
  return `${pieces.length} ${hash.digest('hex')}`;
};

function recordingOf(operation: OperationId): ResponseRecording {
  const pieces: { bytes: Buffer; at: Date }[] = [];
  return {
    add: (piece) => {
      const at = new Date(1_700_000_000_000 + pieces.length);
      pieces.push({ bytes: Buffer.from(piece), at });
      return at;
    },
    footer: () => `${operation} ${footerOf(pieces)}`,
  };
}

export interface GatewayOptions {
  /** False for a target that answers no catalogue queries. */
  readonly survey?: boolean;
  readonly target: Pick<TestDatabase, 'host' | 'port' | 'user' | 'password' | 'database'>;
  readonly databases?: readonly string[];
  /** Undefined allows. */
  readonly decide?: (operation: Operation) => Decision | 'allow' | 'deny' | 'review';
  /** Settles what `decide` sends to review. */
  readonly review?: Guards['review'];
  readonly rules?: readonly MaskingRule[];
  readonly minimum?: readonly MaskingRule[];
  readonly durable?: (operation: Operation) => Promise<void>;
  /** Responses are recorded. */
  readonly records?: boolean;
  /** Settles when a piece of a response is durable. */
  readonly kept?: (piece: Uint8Array) => Promise<void>;
}

const decided = { policies: ['test' as PolicyId], policyVersion: 1 };

export async function postgresGateway(options: GatewayOptions) {
  const { target, databases = [target.database] } = options;
  const authority = await createAuthority({});
  const issued = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const tls = createSecureContext({ key: issued.privateKey, cert: issued.certificate });
  const [clientSide, targetSide] = await Promise.all([createPostgresClientSide(), createPostgresTargetSide()]);
  const events: Event[] = [];
  const sent: string[] = [];
  const responses = new Map<OperationId, RecordedResponse>();
  const snapshots = new Map<string, CatalogueSnapshot>();
  const cancels = new Map<string, () => void>();
  const told = new Set<(text: string) => void>();
  const plan = planOf([...(options.rules ?? [])]);
  const settings = { databases, tls: { mode: 'disable' } };

  const host = (session: SessionId): TargetHost => ({
    target: {
      alias: 'test',
      host: target.host,
      port: target.port,
      settings,
      masking: options.minimum ?? [],
      credential: async () => ({ user: target.user, password: target.password }),
    },
    session,
    maskingKey: Buffer.alloc(32, 7),
    catalogue: (database) => snapshots.get(database),
    publish: (database, snapshot) => void snapshots.set(database, snapshot),
    recording: recordingOf,
    log: (event, details) => void sent.push(`${event} ${String((details['error'] as Error | undefined)?.stack)}`),
  });
  if (options.survey !== false) await targetSide.survey!(host('survey' as SessionId), new AbortController().signal);

  const guards: Guards = {
    decide: (operation) => decisionOf(options.decide?.(operation) ?? 'allow'),
    masking: () => plan,
    record: (operation, decision) => {
      events.push({ event: `operation.${decision.outcome}`, text: operation.text, operation });
      const id = randomUUID() as OperationId;
      const response: RecordedResponse = { text: operation.text, pieces: [] };
      const records = options.records === true && operation.action !== 'session.connect';
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
          response: async (bytes: Uint8Array, at: Date) => {
            await options.kept?.(bytes);
            response.pieces.push({ bytes: Buffer.from(bytes), at });
          },
        }),
      };
    },
    review: options.review ?? (async () => ({ outcome: 'allow', ...decided })),
  };

  const session = (): SessionHandle => {
    const id = randomUUID() as SessionId;
    const ended = new AbortController();
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
      turn: {},
      ticketExpiresAt: new Date(Date.now() + 900_000),
      connection: { name: 'orders', version: 1, target: 'test', databases, settings: {} },
      ended: ended.signal,
      tell: (say) => void told.add(say),
      confirmed: () => undefined,
      foresee: () => 'allow',
      run: (exchanges) => serve(exchanges, guards),
      open: async (head) => {
        const [near, far] = memoryChannels();
        near.write({ kind: 1, exchange: 0, head, body: new Uint8Array(0) });
        void targetSide.serve(far, host(id));
        return near;
      },
      masking: () => plan,
      catalogue: (database) => snapshots.get(database),
      witness: () => Promise.reject(new Error('no model traffic here')),
      reserve: () => Promise.reject(new Error('no model traffic here')),
      knowsCatalogue: (digest) => [...snapshots.values()].some((snapshot) => snapshot.digest === (digest as Digest)),
      close: (reason) => void events.push({ event: 'session.ended', ...(reason ? { text: reason.code } : {}) }),
    };
  };

  const lobby: Lobby = {
    tls,
    contextFor: async () => tls,
    answersTo: () => false,
    publicHost: 'localhost',
    derive: (purpose, text) => createHash('sha256').update(`${purpose}\0${text}`).digest(),
    admit: async (claim) => {
      if (claim.ticket !== ticket)
        throw new GatewayError('TICKET_INVALID', 'the ticket is not valid', {
          hint: 'get a fresh one with "sallyport connect"',
        });
      if (claim.connection !== 'orders') throw new GatewayError('TICKET_INVALID', 'the ticket is not valid');
      return session();
    },
    limits: { startupBytes: 16 * 1024, startupMs: 2_000 },
    once: () => Promise.reject(new Error('nothing is used once here')),
    cancellations: {
      register: (key, cancel) => {
        cancels.set(key, cancel);
        return () => void cancels.delete(key);
      },
      request: (key) => cancels.get(key)?.(),
    },
    log: (event, details) => void sent.push(`${event} ${String((details['error'] as Error | undefined)?.stack)}`),
  };

  const server = createServer((socket) => void clientSide.serve(socket, lobby));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ca: authority.certificate,
    events,
    log: sent,
    /** Recorded responses by operation. */
    responses,
    /** Tells every session something. */
    tell: (text: string): void => {
      for (const say of told) say(text);
    },
    /** For node-postgres and its like. */
    client: {
      host: '127.0.0.1',
      port,
      user: 'orders',
      password: ticket,
      database: target.database,
      ssl: { rejectUnauthorized: false },
    },
    /** For libpq. */
    env: {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'orders',
      PGPASSWORD: ticket,
      PGDATABASE: target.database,
      PGSSLMODE: 'require',
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function decisionOf(outcome: Decision | 'allow' | 'deny' | 'review'): Decision {
  if (typeof outcome === 'object') return outcome;
  if (outcome === 'allow') return { outcome, ...decided };
  if (outcome === 'deny')
    return { outcome, ...decided, refusal: { code: 'POLICY_DENIED', message: 'the policy says no', hint: 'ask' } };
  return {
    outcome,
    ...decided,
    requirement: { groups: ['reviewers'], approvals: 1, timeoutMs: 60_000, onTimeout: 'deny' },
  };
}
