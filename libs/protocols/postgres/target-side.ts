/**
 * PostgreSQL to the target: a client of protocol 3 that holds the credential and masks. Runs in the agent.
 * The control plane may only narrow: it names an alias, a database of the agent's own list, and rules that are added.
 */
import { GatewayError, type MaskingPlan, refusalOf } from '@sallyport/core';
import { type Channel, type Frame, FrameKind, type TargetHost, type TargetSide } from '@sallyport/engine';
import { compileMasking, parseRules, strictest } from '@sallyport/masking';
import { loadParser } from '@sallyport/sql';
import { sendCancel } from './cancel.js';
import { createSqlDescriber, type SqlDescriber } from './describe.js';
import {
  decodeForward,
  decodeJson,
  decodeRefuse,
  encodeJson,
  type ForwardHead,
  type OpenedHead,
  type OpenHead,
} from './heads.js';
import { Judge } from './judge.js';
import { type LoggedIn, login } from './login.js';
import { type Prepared, SessionMemory } from './memory.js';
import { Outbox } from './outbox.js';
import { nameOf, OwnedSettings, ownSettings } from './owned-settings.js';
import { selfCheck } from './self-check.js';
import { parseTargetSettings, type TargetSettings } from './settings.js';
import { Chunks, drained, gathering } from './stream.js';
import { surveyDatabase } from './survey.js';
import { type TargetPortal, TargetSession } from './target-session.js';
import { type Message, MessageReader, message, violation } from './wire.js';

const dialMs = 10_000;
const surveyMs = 10_000;
const nothing = new Uint8Array(0);

export async function createPostgresTargetSide(): Promise<TargetSide> {
  await loadParser();
  const describer = createSqlDescriber();
  return {
    name: 'postgres',
    configure: (settings) => void parseTargetSettings(settings),
    survey: async (host) => {
      for (const database of parseTargetSettings(host.target.settings).databases)
        host.publish(database, await surveyDatabase(host.target, database));
    },
    selfCheck: (host, database) => selfCheck(host.target, database),
    serve: (channel, host) => serve(channel, host, describer),
  };
}

async function serve(channel: Channel, host: TargetHost, describer: SqlDescriber): Promise<void> {
  const frames = channel.frames[Symbol.asyncIterator]();
  try {
    const open = await frames.next();
    if (open.done) return;
    if (open.value.kind !== FrameKind.OPEN) throw violation('a session must begin with its opening');
    const head = parseOpen(open.value, parseTargetSettings(host.target.settings));
    const attendance = new Attendance({ channel, host, describer, database: head.database });
    await attendance.run(frames, head);
  } catch (error) {
    if (!(error instanceof GatewayError)) host.log('session.failed', { session: host.session, error });
    const told = error instanceof GatewayError && error.details['told'] === true;
    channel.write({
      kind: FrameKind.CLOSE,
      exchange: 0,
      head: told ? nothing : encodeJson(refusalOf(error)),
      body: nothing,
    });
    channel.end();
  }
}

function parseOpen({ head }: Frame, { databases }: TargetSettings): OpenHead {
  const { database, settings } = decodeJson<OpenHead>(head);
  if (!databases.includes(database))
    throw new GatewayError('TARGET_UNKNOWN', 'the agent’s own configuration does not list this database');
  if (
    !Array.isArray(settings) ||
    !settings.every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === 'string'),
    )
  ) {
    throw violation('the settings of a session are not names and values');
  }
  return { database, settings };
}

interface AttendanceOptions {
  readonly channel: Channel;
  readonly host: TargetHost;
  readonly describer: SqlDescriber;
  readonly database: string;
}

/** One session from its opening to its end. */
class Attendance {
  readonly #channel: Channel;
  readonly #host: TargetHost;
  readonly #describer: SqlDescriber;
  readonly #database: string;
  readonly #outbox: Outbox;
  readonly #memory = new SessionMemory<Prepared, TargetPortal>({
    prepare: (text) => ({ text }),
    declare: (text) => ({
      statement: undefined,
      fields: undefined,
      describing: false,
      ...(text === undefined ? {} : { cursor: text }),
    }),
  });
  readonly #session: TargetSession;
  readonly #fromControlPlane = new MessageReader();
  #judge: Judge | undefined;
  #target: LoggedIn | undefined;
  #owned = new OwnedSettings();
  #send: ((bytes: Buffer) => boolean) | undefined;
  #lastExchange = 0;
  #partial: { exchange: number; messages: Message[]; head: ForwardHead } | undefined;

  constructor({ channel, host, describer, database }: AttendanceOptions) {
    this.#channel = channel;
    this.#host = host;
    this.#describer = describer;
    this.#database = database;
    this.#outbox = new Outbox(channel);
    this.#session = new TargetSession({
      judge: () => this.#judgeNow(),
      memory: this.#memory,
      outbox: this.#outbox,
      name: nameOf(host.session),
      owned: () => this.#owned,
      send: (bytes) => void this.#send?.(bytes),
      resurvey: (exchange) => this.#announceCatalogue(exchange),
    });
  }

  async run(frames: AsyncIterator<Frame>, head: OpenHead): Promise<void> {
    const target = await this.#logIn(head);
    this.#target = target;
    this.#send = gathering(target.socket);
    try {
      this.#owned = new OwnedSettings(target.parameters);
      this.#channel.write({
        kind: FrameKind.OPENED,
        exchange: 0,
        head: encodeJson(this.#opened(target)),
        body: nothing,
      });
      // Whoever waits for the target's answer does not read the way's end: it must not keep the target's session alive.
      await Promise.race([this.#fromControl(frames), this.#fromTarget(target), this.#channel.closed]);
    } finally {
      this.#leave(target);
    }
  }

  async #logIn({ settings }: OpenHead): Promise<LoggedIn> {
    const { target } = this.#host;
    const dial = async (fresh: boolean) =>
      login({
        host: target.host,
        port: target.port,
        tls: parseTargetSettings(target.settings).tls,
        credential: await target.credential({ fresh }),
        database: this.#database,
        settings: ownSettings(settings, this.#host.session),
        timeoutMs: dialMs,
      });
    try {
      return await dial(false);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'TARGET_REFUSED_CREDENTIAL') throw error;
      return dial(true); // it may have been rotated since it was read
    }
  }

  #opened({ parameters, backend }: LoggedIn): OpenedHead {
    return {
      parameters,
      joinKey: `backend ${backend.pid} ${new Date().toISOString()}`,
      pid: backend.pid,
      catalogue: this.#host.catalogue(this.#database)?.digest ?? null,
      minimum: this.#host.target.masking,
    };
  }

  // ------------------------------------------------------------------------------------------ from the control plane

  async #fromControl(frames: AsyncIterator<Frame>): Promise<void> {
    for (;;) {
      const next = await frames.next();
      if (next.done) return;
      await this.#take(next.value);
      await this.#session.roomy();
      if (this.#target) await drained(this.#target.socket);
    }
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case FrameKind.PLAN:
        return this.#plan(decodeJson<MaskingPlan>(frame.body));
      case FrameKind.FORWARD:
        return this.#forward(frame);
      case FrameKind.REFUSE:
        return this.#session.refuse(frame.exchange, decodeRefuse(frame.head), Buffer.from(frame.body));
      case FrameKind.CANCEL:
        return this.#cancelInBackground();
      case FrameKind.CLOSE:
        return;
      default:
        throw violation(`a frame of kind ${frame.kind} is not for an agent`);
    }
  }

  /** The plan's rules are added to the agent's own; one that does not compile stops the session, not the masking. */
  #plan(plan: MaskingPlan): void {
    const rules = strictest(this.#host.target.masking, parseRules(plan.rules));
    const masker = compileMasking(rules, { key: this.#host.maskingKey });
    this.#judge = new Judge({
      masker,
      describer: this.#describer,
      memory: this.#memory,
      snapshot: () => this.#host.catalogue(this.#database),
    });
  }

  async #forward(frame: Frame): Promise<void> {
    const head = decodeForward(frame.head);
    this.#judgeNow();
    this.#fromControlPlane.push(Buffer.from(frame.body.buffer, frame.body.byteOffset, frame.body.byteLength));
    const partial = (this.#partial ??= { exchange: frame.exchange, messages: [], head });
    if (partial.exchange !== frame.exchange) throw violation('a batch of messages is broken off');
    for (let next = this.#fromControlPlane.next(); next !== undefined; next = this.#fromControlPlane.next())
      partial.messages.push(next);
    if (head.more) return;
    this.#partial = undefined;
    if (this.#fromControlPlane.buffered > 0) throw violation('a message is broken off');
    if (frame.exchange <= this.#lastExchange) return this.#session.append(partial.messages);
    this.#lastExchange = frame.exchange;
    const { operation, reaches, catalogue, lineage } = partial.head;
    await this.#agreeOn(catalogue);
    if (operation !== undefined) this.#outbox.record(partial.exchange, this.#host.recording(operation));
    await this.#session.certain(partial.messages);
    this.#session.forward(partial.exchange, partial.messages, { reaches, lineage });
  }

  /** What the control plane described by must be a state of the catalogue that we know: ours, or what it is afresh. */
  async #agreeOn(digest: string): Promise<void> {
    if (
      digest === '' ||
      !this.#judgeNow().masker.hasColumnRules ||
      this.#host.catalogue(this.#database)?.digest === digest
    )
      return;
    await this.#resurvey();
    if (this.#host.catalogue(this.#database)?.digest === digest) return;
    throw new GatewayError('MASKING_UNAVAILABLE', 'agent and control plane disagree on the target’s schema', {
      hint: 'connect again in a few seconds',
    });
  }

  #cancelInBackground(): void {
    this.#cancel().catch((error: unknown) => this.#host.log('cancel.failed', { error }));
  }

  async #cancel(): Promise<void> {
    if (this.#target === undefined || !this.#session.busy) return;
    const { host, port, settings } = this.#host.target;
    await sendCancel(
      { host, port, encrypted: parseTargetSettings(settings).tls.mode !== 'disable' },
      this.#target.backend,
    );
  }

  #judgeNow(): Judge {
    if (this.#judge === undefined)
      throw new GatewayError('MASKING_UNAVAILABLE', 'there is no masking plan, so nothing is run');
    return this.#judge;
  }

  // ------------------------------------------------------------------------------------------------ from the target

  async #fromTarget({ socket, reader }: LoggedIn): Promise<void> {
    const chunks = new Chunks(socket);
    for (;;) {
      await this.#session.take(reader);
      this.#outbox.flush();
      await this.#outbox.drained();
      const chunk = await chunks.next();
      if (chunk === undefined)
        throw new GatewayError('SESSION_ENDED', 'the target has ended the session', {
          details: { told: this.#session.saidGoodbye || this.#session.leaving },
        });
      reader.push(chunk);
    }
  }

  /** After DDL: the control plane must have the new snapshot before the client can send what is described by it. */
  async #announceCatalogue(exchange: number): Promise<boolean> {
    if (!(await this.#resurvey())) return false;
    const digest = this.#host.catalogue(this.#database)?.digest ?? '';
    this.#outbox.flush();
    this.#outbox.frame(FrameKind.CATALOGUE, exchange, Buffer.from(digest, 'latin1'));
    return true;
  }

  /** Waits, but not for ever: a catalogue that cannot be read leaves the old one, by which new things are unknown. */
  async #resurvey(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new GatewayError('TIMED_OUT', 'the catalogue took too long')), surveyMs);
    });
    try {
      this.#host.publish(this.#database, await Promise.race([surveyDatabase(this.#host.target, this.#database), late]));
      return true;
    } catch (error) {
      this.#host.log('survey.failed', { database: this.#database, error });
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  #leave(target: LoggedIn): void {
    if (this.#session.busy && !this.#session.leaving) this.#cancelInBackground();
    this.#session.abandon();
    target.socket.end(message('X'));
    setTimeout(() => target.socket.destroy(), 1_000).unref();
  }
}
