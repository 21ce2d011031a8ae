/**
 * One call to a model, from its head to its outcome. INVARIANT: nothing leaves before it was described here too and
 * masked, and nothing comes back that was not masked.
 */
import { GatewayError, type OutcomeStatus, refusalOf } from '@sallyport/core';
import {
  answerHeaders,
  type Begun,
  encodeResponseHead,
  type Header,
  type HeldPart,
  headerOf,
  type OutcomeHead,
  OwnSecrets,
  type RunningCall,
  spellingsOf,
  type UpstreamAnswer,
} from '@sallyport/http';
import type { ConversationLedger, MaskedAnswer, ModelApi, ModelRequest } from '@sallyport/models';
import type { CallHead } from '../wire.js';
import { parseVerdict } from './call-head.js';
import { maskList } from './list.js';
import type { ModelTarget } from './model-target.js';
import { requestHeaders } from './request-headers.js';
import { Verdicts } from './verdicts.js';

/** A client that hears nothing for this long while something is held gets a ping. */
const pingMs = 5_000;
const nothing = new Uint8Array(0);

export interface CallContext {
  readonly target: ModelTarget;
  /** Of this protocol, by name. */
  readonly apis: ReadonlyMap<string, ModelApi>;
  readonly person: string;
}

interface Prepared {
  readonly body: Uint8Array;
  readonly headers: readonly Header[];
  /** Absent for a list of models. */
  readonly asked?: { readonly api: ModelApi; readonly request: ModelRequest; readonly ledger: ConversationLedger };
}

interface Answered {
  readonly answer: UpstreamAnswer;
  readonly key: string;
}

export class Call implements RunningCall {
  readonly #begun: Begun<CallHead>;
  readonly #context: CallContext;
  readonly #held: HeldPart;
  readonly #verdicts: Verdicts;
  readonly #startedAt = performance.now();
  #status: OutcomeStatus = 'skipped';
  #code: string | undefined;
  #joinKey: string | undefined;
  #masked: MaskedAnswer | undefined;
  #hidden: { readonly maskedFields: number; readonly maskedBy: readonly string[] } | undefined;

  constructor(begun: Begun<CallHead>, context: CallContext) {
    this.#begun = begun;
    this.#context = context;
    this.#held = context.target.held.begin();
    this.#verdicts = new Verdicts(begun.answer, begun.signal);
  }

  async run(): Promise<void> {
    const { answer, body, log } = this.#begun;
    try {
      const prepared = await this.#prepare();
      await this.#show(prepared, await this.#ask(prepared));
      answer.outcome(this.#outcome());
    } catch (error) {
      if (!(error instanceof GatewayError)) log('call.failed', { error });
      this.#note(error);
      answer.outcome({ ...this.#outcome(), refusal: refusalOf(error) });
    } finally {
      body.drop();
      this.#held.giveBack();
    }
  }

  verdict(head: Uint8Array): void {
    this.#verdicts.take(parseVerdict(head));
  }

  #outcome(): OutcomeHead {
    const told = this.#masked?.answer;
    const code = told?.errorType ?? this.#code;
    const maskedBy = new Set([...(this.#hidden?.maskedBy ?? []), ...(told?.maskedBy ?? [])]);
    return {
      status: told?.errorType === undefined ? this.#status : 'failed',
      ...(code === undefined ? {} : { code }),
      bytes: this.#begun.answer.bytes,
      maskedFields: (this.#hidden?.maskedFields ?? 0) + (told?.maskedFields ?? 0),
      ...(maskedBy.size === 0 ? {} : { maskedBy: [...maskedBy] }),
      durationMs: Math.round((performance.now() - this.#startedAt) * 1_000) / 1_000,
      ...(this.#joinKey === undefined ? {} : { joinKey: this.#joinKey }),
      ...(told?.usage === undefined ? {} : { usage: told.usage }),
      ...(told?.flags === undefined ? {} : { flags: told.flags }),
    };
  }

  /** What the model has been asked, and paid for, is not known where its answer did not come to the end. */
  #note(error: unknown): void {
    const progress = error instanceof GatewayError ? error.details['progress'] : undefined;
    if (progress === 'incomplete') this.#status = 'failed';
    else if (progress === 'sent' || this.#status === 'done') this.#status = 'unknown';
  }

  async #prepare(): Promise<Prepared> {
    const { head, body, masker } = this.#begun;
    const { target, apis, person } = this.#context;
    target.key(false).catch(() => undefined); // read meanwhile; asked for again when it is needed
    const bytes = await body.whole(this.#held);
    const headers = requestHeaders(head.headers);
    if (head.api === undefined) {
      if (bytes.length > 0 || head.method !== 'GET') throw disagreement('it has a body and no API');
      return { body: nothing, headers };
    }
    const api = apis.get(head.api);
    if (api === undefined || head.method !== 'POST') throw disagreement(`"${head.api}" is not of this target`);
    const request = api.describe(bytes);
    if (request.model !== head.model) throw disagreement(`it is for the model "${request.model}"`);
    const ledger = target.ledgers.of(person, head.conversation);
    const masked = api.maskRequest(bytes, { masker, placeholders: target.placeholders, ledger });
    this.#hidden = masked;
    return { body: masked.body, headers, asked: { api, request, ledger } };
  }

  /** Once more with a key read afresh where it is the key that the API refuses. */
  async #ask(prepared: Prepared): Promise<Answered> {
    const first = await this.#attempt(prepared, false);
    if (!refusesKey(first.answer)) return first;
    first.answer.close();
    const second = await this.#attempt(prepared, true);
    if (!refusesKey(second.answer)) return second;
    second.answer.close();
    this.#status = 'failed';
    this.#code = String(second.answer.status);
    throw new GatewayError('TARGET_REFUSED_CREDENTIAL', 'the model’s API refuses the agent’s key', {
      hint: 'ask an administrator to look at the agent’s API key',
    });
  }

  async #attempt({ body, headers }: Prepared, fresh: boolean): Promise<Answered> {
    const { head, signal } = this.#begun;
    const { settings, client } = this.#context.target;
    const key = await this.#context.target.key(fresh);
    const path = `${settings.basePath}${head.path}`;
    const answer = await client.send({
      endpoint: settings.endpoint,
      method: head.method,
      path: head.query === '' ? path : `${path}?${head.query}`,
      headers: [
        ...headers,
        ['host', hostOf(settings.endpoint)],
        ['accept-encoding', 'identity'],
        settings.auth === 'bearer' ? ['authorization', `Bearer ${key}`] : ['x-api-key', key],
        ...(head.method === 'POST' ? ([['content-length', String(body.length)]] as const) : []),
      ],
      body,
      repeatable: head.method === 'GET',
      signal,
    });
    this.#joinKey = headerOf(answer.headers, 'request-id') ?? headerOf(answer.headers, 'x-request-id');
    this.#status = answer.status < 400 ? 'done' : 'failed';
    if (answer.status >= 400) this.#code = String(answer.status);
    return { answer, key };
  }

  async #show(prepared: Prepared, { answer, key }: Answered): Promise<void> {
    try {
      const coding = headerOf(answer.headers, 'content-encoding') ?? 'identity';
      if (coding !== 'identity' || (answer.status >= 300 && answer.status < 400))
        throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the model’s API answers in a way that cannot be read', {
          hint: 'ask an administrator to look at the target’s endpoint',
        });
      await this.#pass(answer, this.#bodyOf(prepared, answer), new OwnSecrets(spellingsOf([key])));
    } finally {
      answer.close();
    }
  }

  #bodyOf({ asked }: Prepared, answer: UpstreamAnswer): AsyncIterable<Uint8Array> {
    const { masker, signal } = this.#begun;
    if (asked === undefined) return maskList(answer, masker);
    const { placeholders } = this.#context.target;
    const shape = { status: answer.status, contentType: headerOf(answer.headers, 'content-type') ?? '' };
    this.#masked = asked.api.maskResponse(shape, answer.body, {
      masker,
      placeholders,
      ledger: asked.ledger,
      request: asked.request,
      decide: (call) => this.#verdicts.ask(call),
      pingMs,
      signal,
    });
    return this.#masked.body;
  }

  async #pass(
    { status, headers }: UpstreamAnswer,
    body: AsyncIterable<Uint8Array>,
    secrets: OwnSecrets,
  ): Promise<void> {
    const { answer, signal } = this.#begun;
    const shown = answerHeaders(status, headers).filter(
      ([name]) => name !== 'content-length' && name !== 'content-encoding',
    );
    const text = encodeResponseHead({ status, headers: shown });
    secrets.check(text);
    await answer.head(text);
    for await (const piece of body) {
      signal.throwIfAborted();
      await answer.body(secrets.pass(piece));
    }
    await answer.body(secrets.rest());
  }
}

const refusesKey = ({ status }: UpstreamAnswer): boolean => status === 401;

const hostOf = ({ host, port, tls }: ModelTarget['settings']['endpoint']): string => {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
};

const disagreement = (reason: string): GatewayError =>
  new GatewayError(
    'PROTOCOL_VIOLATION',
    `the agent takes this call for another one than the control plane: ${reason}`,
    { hint: 'agent and control plane must be of the same version' },
  );
