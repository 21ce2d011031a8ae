/** Plays one case to a world through both gates, and writes down what each oracle needs. */
import type { MaskingRule } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import type { Message } from '../../postgres/wire.js';
import { cstring, int16, int32, message } from '../../postgres/wire.js';
import type { Event } from '../in-process.js';
import { type GatewayOptions, postgresGateway } from '../postgres-gateway.js';
import { frontend as f } from '../raw-client.js';
import type { Case, RawFrame, RawInput } from './cases.js';
import { decideBy, referencePolicies, referenceRules } from './policies.js';
import type { StateOracle } from './state.js';
import { Talk } from './talk.js';
import { type Arrived, Tap } from './tap.js';
import { databaseOf, type World, type Worlds } from './worlds.js';

export const ways = ['simple', 'text', 'binary'] as const;
export type Way = (typeof ways)[number];

export interface Script {
  readonly messages: readonly Buffer[];
  readonly readies: number;
  readonly segmentation?: RawInput['segmentation'];
  /** The statements in it, as the target would get them. */
  readonly texts: readonly string[];
}

export interface Played {
  readonly heard: readonly Message[];
  readonly closed: boolean;
  readonly arrived: readonly Arrived[];
  readonly events: readonly Event[];
  /** Everything that was recorded of answers, and logged. */
  readonly kept: string;
  readonly usable: boolean;
  readonly changed: boolean;
}

const textsOf = (input: string | RawInput): string[] =>
  typeof input === 'string'
    ? [input]
    : (input.frames ?? []).map(({ sql }) => sql).filter((sql): sql is string => sql !== undefined);

const bindFrame = ({ portal = '', stmt = '', params = [], result_formats = [] }: RawFrame): Buffer =>
  message(
    'B',
    cstring(portal),
    cstring(stmt),
    int16(0),
    int16(params.length),
    ...params.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
    int16(result_formats.length),
    ...result_formats.map(int16),
  );

/** lo_get(oid): the function by whose number a FunctionCall reads a large object. */
const loGet = 3458;

const frameOf = (frame: RawFrame): Buffer => {
  switch (frame.op) {
    case 'Parse':
      return f.parse(frame.sql!, frame.name);
    case 'Bind':
      return bindFrame(frame);
    case 'Execute':
      return f.execute(frame.portal, frame.max_rows);
    case 'Close':
      return f.close(frame.kind!, frame.name!);
    case 'Sync':
      return f.sync;
    case 'Query':
      return f.query(frame.sql!);
    case 'FunctionCall':
      return message('F', ...[int32(loGet), int16(0), int16(1), int32(6), Buffer.from('424242'), int16(0)]);
  }
};

/** @param adapt puts the target's own port and login in */
export function scriptOf({ input }: Case, way: Way, adapt: (sql: string) => string): Script {
  const texts = textsOf(input).map(adapt);
  if (typeof input !== 'string') {
    const frames = (input.frames ?? []).map((frame) =>
      frameOf(frame.sql === undefined ? frame : { ...frame, sql: adapt(frame.sql) }),
    );
    const readies = (input.frames ?? []).filter(({ op }) => op === 'Query' || op === 'Sync' || op === 'FunctionCall');
    const { segmentation } = input;
    return { messages: frames, readies: readies.length, texts, ...(segmentation && { segmentation }) };
  }
  const [sql] = texts as [string];
  const messages =
    way === 'simple'
      ? [f.query(sql)]
      : [f.parse(sql), f.bind({ binary: way === 'binary' }), f.describe('P'), f.execute(), f.sync];
  return { messages, readies: 1, texts };
}

export const adapterFor =
  ({ server }: Worlds) =>
  (sql: string): string =>
    sql
      .replaceAll('55917', String(server.port))
      .replaceAll('user=postgres', `user=${server.user} password=${server.password}`);

export async function send(talk: Talk, { messages, readies, segmentation }: Script): Promise<Message[]> {
  if (segmentation === 'one_byte_per_segment') return talk.askBytewise(messages, readies);
  if (segmentation === undefined) return talk.ask(messages, readies);
  const heard: Message[] = [];
  for (const turn of turnsOf(messages)) heard.push(...(await talk.ask(turn)));
  return heard;
}

/** Each with what it is answered by ReadyForQuery for: a Query or a Sync. */
function turnsOf(messages: readonly Buffer[]): Buffer[][] {
  const turns: Buffer[][] = [[]];
  for (const one of messages) {
    turns.at(-1)!.push(one);
    if ('QS'.includes(String.fromCharCode(one[0]!))) turns.push([]);
  }
  return turns.filter((turn) => turn.length > 0);
}

/** A statement without any effect that every reference policy lets pass. */
const stillThere = 'select 1 as still_there';

export interface StageOptions {
  readonly policy?: keyof typeof referencePolicies;
  /** Other rules than the reference's. */
  readonly rules?: readonly MaskingRule[];
  /** Changes what the harness is given: how a guard is taken out. */
  readonly gateway?: (options: GatewayOptions) => GatewayOptions;
}

/** One world behind both gates, with a tap before it and a superuser looking at it. */
export class Stage implements AsyncDisposable {
  private constructor(
    readonly world: World,
    readonly worlds: Worlds,
    readonly tap: Tap,
    readonly gateway: Awaited<ReturnType<typeof postgresGateway>>,
    readonly oracle: StateOracle,
  ) {}

  static async of(worlds: Worlds, world: World, options: StageOptions = {}): Promise<Stage> {
    const { policy = 'ro_masked', rules = referenceRules, gateway: change = (same) => same } = options;
    const tap = await Tap.before(worlds.server);
    const login = worlds.login(databaseOf(world));
    const gateway = await postgresGateway(
      change({
        target: { ...login, host: '127.0.0.1', port: tap.port },
        rules,
        decide: decideBy(referencePolicies[policy]),
        review: async () => {
          throw new GatewayError('REVIEW_EXPIRED', 'nobody reviews here');
        },
        records: true,
      }),
    );
    return new Stage(world, worlds, tap, gateway, await worlds.oracle(databaseOf(world)));
  }

  async play(one: Case, way: Way): Promise<Played> {
    const script = scriptOf(one, way, adapterFor(this.worlds));
    const before = await this.oracle.digest();
    const { talk } = await Talk.through(this.gateway.port, databaseOf(this.world));
    this.#forget();
    const heard = await send(talk, script);
    const { closed } = talk;
    const arrived = this.tap.take();
    const events = [...this.gateway.events];
    const usable = !closed && (await this.#isUsable(talk));
    talk.end();
    const changed = (await this.oracle.digest()) !== before;
    return { heard, closed, arrived, events, kept: this.#kept(events), usable, changed };
  }

  async #isUsable(talk: Talk): Promise<boolean> {
    await talk.ask([f.query('rollback')]); // a refusal fails the transaction that it comes in
    const answer = await talk.ask([f.query(stillThere)]);
    return answer.some(({ raw }) => raw[0] === 0x44);
  }

  #forget(): void {
    this.tap.take();
    this.gateway.events.length = 0;
    this.gateway.log.length = 0;
    this.gateway.responses.clear();
  }

  #kept(events: readonly Event[]): string {
    const pieces = [...this.gateway.responses.values()].flatMap((response) =>
      response.pieces.map(({ bytes }) => bytes),
    );
    return [
      Buffer.concat(pieces).toString('latin1'),
      JSON.stringify(events, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      ...this.gateway.log,
    ].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.oracle.end();
    await this.gateway[Symbol.asyncDispose]();
    await this.tap[Symbol.asyncDispose]();
  }
}
