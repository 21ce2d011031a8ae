/** Both halves of a protocol and the real engine in one process: no tunnel, no database. What every such gateway has. */
import { createHash, randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  type Decision,
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
  type Claim,
  type ClientSide,
  FrameKind,
  type Guards,
  type Lobby,
  type ResponseRecording,
  type SessionHandle,
  serve,
  type TargetHost,
  type TargetSide,
} from '@sallyport/engine';
import { planOf } from '@sallyport/masking';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import { memoryChannels } from './memory-channel.js';

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

interface UnderWay {
  readonly operation: Pick<Operation, 'turn'>;
  readonly act: (reason: GatewayError) => void;
}

/** What a test may say of the house around the protocol. */
export interface HouseOptions {
  /** Undefined allows. */
  readonly decide?: (operation: Operation) => Decision | Decision['outcome'] | undefined;
  /** Settles what `decide` sends to review. */
  readonly review?: Guards['review'];
  readonly rules?: readonly MaskingRule[];
  readonly durable?: (operation: Operation) => Promise<void>;
  /** Responses are recorded. */
  readonly records?: boolean;
  /** Settles when a piece of a response is durable. */
  readonly kept?: (piece: Uint8Array) => Promise<void>;
  readonly ticketExpiresAt?: Date;
}

export interface Halves {
  readonly clientSide: ClientSide;
  readonly targetSide: TargetSide;
  readonly target: TargetHost['target'];
  readonly connection: SessionHandle['connection'];
  /** Is this a claim to this connection? */
  readonly admits: (claim: Claim) => boolean;
  /** Where responses are recorded: those of which operations? */
  readonly isRecorded?: (operation: Operation) => boolean;
  readonly host?: Partial<TargetHost>;
  readonly session?: Partial<SessionHandle>;
  /** @param certificateFor of the gateway's own authority */
  readonly lobby?: (certificateFor: (name: string) => Promise<SecureContext>) => Partial<Lobby>;
}

const decided = { policies: ['test' as PolicyId], policyVersion: 1 };
const ownNames = ['localhost', '127.0.0.1'];

export async function inProcess(halves: Halves, options: HouseOptions) {
  const { clientSide, targetSide, target, connection } = halves;
  const authority = await createAuthority({});
  const certificateFor = certificates(authority);
  const tls = await certificateFor('');
  const events: Event[] = [];
  const lines: string[] = [];
  const log: Lobby['log'] = (event, { error }) =>
    void lines.push(`${event} ${String((error as Error | undefined)?.stack)}`);
  const { guards, plan, responses } = house(halves, options, events);
  const running = new Set<AbortController>();
  const underWay = new Set<UnderWay>();

  const host = (session: SessionId): TargetHost => ({
    target,
    session,
    maskingKey: Buffer.alloc(32, 7),
    catalogue: () => undefined,
    publish: () => undefined,
    recording: recordingOf,
    log,
    ...halves.host,
  });

  const session = (): SessionHandle => {
    const id = randomUUID() as SessionId;
    const ending = new AbortController();
    running.add(ending);
    events.push({ event: 'session.started' });
    return {
      id,
      identity: ada,
      turn: {},
      connection,
      ticketExpiresAt: options.ticketExpiresAt ?? new Date(Date.now() + 900_000),
      ended: ending.signal,
      untilEnded: (operation, act) => {
        const one = { operation, act };
        underWay.add(one);
        const ended = (): void => act(ending.signal.reason as GatewayError);
        ending.signal.addEventListener('abort', ended, { once: true });
        return () => {
          underWay.delete(one);
          ending.signal.removeEventListener('abort', ended);
        };
      },
      tell: () => undefined,
      confirmed: () => undefined,
      foresee: (operation) => decisionOf(options.decide?.(operation)).outcome,
      run: (exchanges) => serve(exchanges, guards),
      open: async (head) => {
        const [near, far] = memoryChannels();
        near.write({ kind: FrameKind.OPEN, exchange: 0, head, body: new Uint8Array(0) });
        void targetSide.serve(far, host(id)).then(
          () => far.end(),
          (error: unknown) =>
            far.destroy(error instanceof GatewayError ? error : new GatewayError('INTERNAL', String(error))),
        );
        return near;
      },
      masking: () => plan,
      catalogue: () => undefined,
      witness: () => Promise.reject(new Error('no model traffic here')),
      reserve: () => Promise.reject(new Error('no model traffic here')),
      knowsCatalogue: () => true,
      close: (reason) => void events.push({ event: 'session.ended', ...(reason ? { text: reason.code } : {}) }),
      ...halves.session,
    };
  };

  const lobby: Lobby = {
    tls,
    contextFor: async () => tls,
    answersTo: () => false,
    publicHost: 'localhost',
    derive: (purpose, text) => createHash('sha256').update(`${purpose}\0${text}`).digest(),
    admit: async (claim) => {
      if (halves.admits(claim)) return session();
      throw new GatewayError('TICKET_INVALID', 'the ticket is not valid for this connection', {
        hint: 'get a fresh one with "sallyport connect"',
      });
    },
    limits: { startupBytes: 16 * 1024, startupMs: 2_000 },
    once: () => Promise.reject(new Error('nothing is used once here')),
    cancellations: { register: () => () => undefined, request: () => undefined },
    log,
    ...halves.lobby?.(certificateFor),
  };

  const { port, close } = await listening((socket) => void clientSide.serve(socket, lobby));
  return {
    port,
    ca: authority.certificate,
    events,
    log: lines,
    /** Recorded responses by operation. */
    responses,
    host,
    /** What is under way for this AI session ends, and the session goes on. */
    endAiSession: (name: string): void => {
      for (const { operation, act } of underWay)
        if (operation.turn?.aiSession === name) act(new GatewayError('SESSION_ENDED', 'the AI session was ended'));
    },
    endSessions: (): void => {
      for (const ending of running) ending.abort(new GatewayError('SESSION_ENDED', 'an administrator ended it'));
    },
    [Symbol.asyncDispose]: close,
  };
}

const ada: SessionHandle['identity'] = {
  id: 'person-ada' as PersonId,
  class: 'person',
  issuer: 'test',
  subject: 'ada',
  name: 'ada',
  groups: [],
  roles: ['user'],
};

/** @returns certificates by name, each issued once; that of no name is for this machine */
function certificates(authority: Awaited<ReturnType<typeof createAuthority>>) {
  const contexts = new Map<string, Promise<SecureContext>>();
  const issued = async (name: string): Promise<SecureContext> => {
    const { privateKey, certificate } = await issueServerCertificate(authority, name === '' ? ownNames : [name]);
    return createSecureContext({ key: privateKey, cert: certificate });
  };
  return (name: string): Promise<SecureContext> => {
    const known = contexts.get(name) ?? issued(name);
    contexts.set(name, known);
    return known;
  };
}

function house({ isRecorded }: Halves, options: HouseOptions, events: Event[]) {
  const plan = planOf([...(options.rules ?? [])]);
  const responses = new Map<OperationId, RecordedResponse>();
  const guards: Guards = {
    decide: (operation) => decisionOf(options.decide?.(operation)),
    masking: () => plan,
    record: (operation, decision) => {
      const { text } = operation;
      events.push({ event: `operation.${decision.outcome}`, text, operation });
      const id = randomUUID() as OperationId;
      const response: RecordedResponse = { text, pieces: [] };
      const records = options.records === true && (isRecorded ?? isNoConnect)(operation);
      if (records) responses.set(id, response);
      return {
        id,
        durable: options.durable?.(operation) ?? Promise.resolve(),
        outcome: async (outcome, footer) =>
          void events.push({ event: 'operation.completed', text, outcome, ...(footer !== undefined && { footer }) }),
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
  return { guards, plan, responses };
}

const isNoConnect = ({ action }: Operation): boolean => action !== 'session.connect';

function decisionOf(outcome: Decision | Decision['outcome'] = 'allow'): Decision {
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

async function listening(take: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    take(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port, close };
}
