/** Drives the agent's half of AWS as the control plane would: frames in, frames out. */
import { identify, loadCatalogue, needsOf } from '@sallyport/aws';
import type { MaskingRule, OperationId, SessionId } from '@sallyport/core';
import {
  type AwsCredential,
  type Channel,
  type Frame,
  FrameKind,
  type Target,
  type TargetSide,
} from '@sallyport/engine';
import { decodeData, decodeJson, encodeJson, encodeMore, type OutcomeHead } from '@sallyport/http';
import { planOf } from '@sallyport/masking';
import type { CallHead, OpenedHead, OpenHead } from '../aws/wire.js';
import { memoryChannels } from './memory-channel.js';

const none = new Uint8Array(0);

/** Its secret and token are canaries: no frame may ever have one in it. */
export const agentCredential: AwsCredential = {
  accessKeyId: 'AKIAAGENTSOWN0000001',
  secretAccessKey: 'canary/agent+secret/0123456789abcdefghij',
  sessionToken: 'canary//agent+token=='.repeat(12),
};

export interface AgentOptions {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credential?: Target['credential'];
  readonly minimum?: readonly MaskingRule[];
  readonly rules?: readonly MaskingRule[];
  readonly open?: Partial<OpenHead>;
}

export interface Answered {
  readonly status: number | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly outcome: OutcomeHead;
}

type CallOf = Partial<CallHead> & Pick<CallHead, 'service' | 'operation' | 'signingName'>;

/** As an honest control plane tells it. */
function decidedAbout(
  head: Omit<CallHead, 'actions' | 'resources'>,
  body: Uint8Array | undefined,
): Pick<CallHead, 'actions' | 'resources'> {
  const { method, path, query, headers, addressing, service, region } = head;
  const request = { method, path, query, headers, ...(body && { body }) };
  const identified = identify(loadCatalogue(), request, head, { ...addressing, service });
  if (!identified.identified) return { actions: [], resources: [] };
  return needsOf(identified, request, {
    partition: 'aws',
    account: undefined,
    region,
    bodyStreams: body === undefined,
    presigned: false,
    addressing,
    hide: () => undefined,
  });
}

export class AgentDriver {
  readonly frames: Frame[] = [];
  readonly logged: [string, Readonly<Record<string, unknown>>][] = [];
  readonly recorded: Uint8Array[] = [];
  readonly served: Promise<void>;
  readonly channel: Channel;
  readonly #received: AsyncIterator<Frame>;
  readonly target: Target;
  #exchange = 0;

  constructor(side: TargetSide, options: AgentOptions, target = targetOf(options)) {
    const [control, agent] = memoryChannels();
    this.target = target;
    this.channel = control;
    this.#received = control.frames[Symbol.asyncIterator]();
    this.served = side.serve(agent, {
      target,
      session: 's-1' as SessionId,
      maskingKey: Buffer.alloc(32, 7),
      catalogue: () => undefined,
      publish: () => undefined,
      recording: () => ({
        add: (piece) => {
          this.recorded.push(Buffer.from(piece));
          return new Date(1_700_000_000_000);
        },
        footer: () => `footer of ${this.recorded.length}`,
      }),
      log: (event, details) => this.logged.push([event, details]),
    });
    const head: OpenHead = {
      regions: [],
      accounts: [],
      attribution: { session: 's-1', person: 'ada@example.com' },
      ...options.open,
    };
    this.write(FrameKind.OPEN, 0, encodeJson(head));
  }

  write(kind: FrameKind, exchange: number, head: Uint8Array = none, body: Uint8Array = none): void {
    this.channel.write({ kind, exchange, head, body });
  }

  plan(rules: readonly MaskingRule[] = []): void {
    this.write(FrameKind.PLAN, 0, none, encodeJson(planOf(rules)));
  }

  async next(): Promise<Frame> {
    const next = await this.#received.next();
    if (next.done) throw new Error('the agent has ended the channel');
    this.frames.push(next.value);
    return next.value;
  }

  async opened(): Promise<OpenedHead> {
    const frame = await this.next();
    if (frame.kind !== FrameKind.OPENED) throw new Error(`not opened: ${Buffer.from(frame.head).toString()}`);
    return decodeJson(frame.head);
  }

  /** @returns the number of the exchange */
  begin(call: CallOf, piece: Uint8Array = none, more = false): number {
    this.#exchange += 1;
    const asked = {
      method: 'POST',
      path: '/',
      query: '',
      headers: [],
      addressing: {},
      region: 'eu-central-1',
      ...(more ? {} : { length: piece.length }),
      ...call,
      more,
    };
    const head: CallHead = { ...decidedAbout(asked, more ? undefined : piece), ...asked };
    this.write(FrameKind.FORWARD, this.#exchange, encodeJson(head), piece);
    return this.#exchange;
  }

  async more(exchange: number, piece: Uint8Array, more: boolean): Promise<void> {
    this.write(FrameKind.FORWARD, exchange, encodeMore(more), piece);
    await this.channel.drained();
  }

  async call(call: CallOf, body: Uint8Array | string = none): Promise<Answered> {
    this.begin(call, Buffer.from(body));
    return this.answer();
  }

  async answer(): Promise<Answered> {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame.kind === FrameKind.OUTCOME) return { ...parsed(pieces), outcome: decodeJson(frame.head) };
      if (frame.kind !== FrameKind.DATA) throw new Error(`frame ${frame.kind}: ${Buffer.from(frame.head).toString()}`);
      decodeData(frame.head);
      pieces.push(frame.body);
    }
  }

  /** Everything that ever left for the control plane, and all that was logged. */
  get told(): string {
    const frames = this.frames.flatMap(({ head, body }) => [Buffer.from(head), Buffer.from(body)]);
    return `${Buffer.concat(frames).toString('latin1')}${JSON.stringify(this.logged)}`;
  }

  async end(): Promise<void> {
    this.channel.end();
    await this.served;
  }
}

function parsed([head, ...body]: readonly Uint8Array[]): Omit<Answered, 'outcome'> {
  if (head === undefined) return { status: undefined, headers: new Map(), body: Buffer.alloc(0) };
  const [line = '', ...headers] = Buffer.from(head).toString('latin1').trimEnd().split('\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})$/.exec(line)?.[1]),
    headers: new Map(headers.map((each) => [each.slice(0, each.indexOf(':')), each.slice(each.indexOf(':') + 2)])),
    body: Buffer.concat(body),
  };
}

export const targetOf = ({ settings, credential, minimum = [] }: AgentOptions): Target => ({
  alias: 'cloud',
  host: '',
  port: 443,
  settings,
  masking: minimum,
  credential: credential ?? (async () => ({ user: agentCredential.accessKeyId, aws: agentCredential })),
});

/** A session that is open and has its plan. */
export async function openAgent(side: TargetSide, options: AgentOptions): Promise<AgentDriver> {
  const driver = new AgentDriver(side, options);
  await driver.opened();
  driver.plan(options.rules);
  return driver;
}

export const anOperation = 'op-1' as OperationId;
