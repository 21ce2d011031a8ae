/**
 * One call to AWS, from its head to its outcome. INVARIANT: nothing leaves before the call was identified here too and is
 * on record, and nothing comes back that was not masked.
 */

import { type BodyNeed, type CallNeeds, type Identified, identify, needsBody, sign } from '@sallyport/aws';
import { GatewayError, type OutcomeStatus, refusalOf } from '@sallyport/core';
import type { AwsCredential } from '@sallyport/engine';
import {
  type Answer,
  answerHeaders,
  type Clearance,
  type Endpoint,
  encodeResponseHead,
  type Header,
  type HeldPart,
  headerOf,
  type OutcomeHead,
  OwnSecrets,
  type RequestBody,
  type UpstreamAnswer,
  wholeAnswer,
} from '@sallyport/http';
import type { Masker } from '@sallyport/masking';
import { parseVerdict, Verdicts } from '@sallyport/model-gateway';
import type { ToolCall, ToolVerdict } from '@sallyport/models';
import { type MaskedResponse, maskingOf, type ResponseMasking } from '../masking/index.js';
import { asksModel, modelApiOf } from '../model-api.js';
import type { CallHead } from '../wire.js';
import { agreedNeeds } from './agreed-needs.js';
import type { AwsTarget } from './aws-target.js';
import { type Asked, type Destination, destinationOf, isSamePlace } from './destination.js';
import { errorCode, refusesCredential } from './error-code.js';
import { ModelTraffic } from './model-traffic.js';
import type { Session } from './opening.js';
import { requestHeaders } from './request-headers.js';
import { type Sending, sendingOf, sumsAhead } from './sending.js';

/** An error is read whole: whether it is about our own credential must be known before any of it is shown. */
const mostErrorBytes = 1024 * 1024;
/** More than the parts in which clients send large objects. */
const mostSummedBytes = 16 * 1024 * 1024;
const takesUnsigned = new Set(['s3', 'ebs', 'mediastore-data']);
const whole: BodyNeed = { read: 'whole' };

export interface CallOptions {
  readonly target: AwsTarget;
  readonly session: Session;
  readonly head: CallHead;
  readonly body: RequestBody;
  readonly answer: Answer;
  readonly masker: Masker;
  readonly signal: AbortSignal;
  readonly clearance: Clearance;
  readonly log: (event: string, details: Readonly<Record<string, unknown>>) => void;
}

interface Prepared {
  readonly identified: Identified;
  readonly needs: CallNeeds;
  readonly destination: Destination;
  readonly masking: ResponseMasking;
  readonly sending: Sending;
  /** Of a request to a model whose words are known here. */
  readonly traffic: ModelTraffic | undefined;
}

interface Authorised {
  readonly credential: AwsCredential;
  readonly scoped: NonNullable<OutcomeHead['scoped']>;
}

interface Answered {
  readonly answer: UpstreamAnswer;
  /** Of an error: its body, read whole. */
  readonly error?: { readonly body: Buffer; readonly code: string };
  readonly authorised: Authorised;
}

export class Call {
  readonly #options: CallOptions;
  readonly #begun = performance.now();
  readonly #held: HeldPart;
  readonly #verdicts: Verdicts;
  #scoped: OutcomeHead['scoped'];
  #joinKey: string | undefined;
  #masked: MaskedResponse['result'] | undefined;
  #traffic: ModelTraffic | undefined;
  #status: OutcomeStatus = 'skipped';
  #code: string | undefined;

  constructor(options: CallOptions) {
    this.#options = options;
    this.#held = options.target.held.begin();
    this.#verdicts = new Verdicts(options.answer, options.signal);
  }

  /** @throws PROTOCOL_VIOLATION */
  verdict(head: Uint8Array): void {
    this.#verdicts.take(parseVerdict(head));
  }

  /** Never rejects: what went wrong is told in the outcome, in our words. */
  async run(): Promise<void> {
    const { answer, body, log, head } = this.#options;
    try {
      await this.#show(await this.#ask(await this.#prepare()));
      answer.outcome(this.#outcome());
    } catch (error) {
      if (!(error instanceof GatewayError)) log('call.failed', { operation: head.operation, error });
      this.#note(error);
      answer.outcome({ ...this.#outcome(), refusal: refusalOf(error) });
    } finally {
      body.drop();
      this.#held.giveBack();
    }
  }

  #outcome(): OutcomeHead {
    const told = this.#traffic?.answer;
    const code = told?.errorType ?? this.#code;
    const hidden = [this.#masked, this.#traffic?.sent, told].filter((one) => one !== undefined);
    return {
      status: told?.errorType === undefined ? this.#status : 'failed',
      ...(code === undefined ? {} : { code }),
      bytes: this.#options.answer.bytes,
      maskedFields: hidden.reduce((sum, { maskedFields }) => sum + maskedFields, 0),
      ...(hidden.length === 0 ? {} : { maskedBy: [...new Set(hidden.flatMap(({ maskedBy }) => maskedBy))].sort() }),
      ...(told?.usage === undefined ? {} : { usage: told.usage }),
      ...(told?.flags === undefined ? {} : { flags: told.flags }),
      durationMs: Math.round((performance.now() - this.#begun) * 1_000) / 1_000,
      ...(this.#joinKey === undefined ? {} : { joinKey: this.#joinKey }),
      ...(this.#scoped === undefined ? {} : { scoped: this.#scoped }),
    };
  }

  /** What AWS may have done is not known where it had the whole request and its answer did not come to the end. */
  #note(error: unknown): void {
    const progress = error instanceof GatewayError ? error.details['progress'] : undefined;
    if (progress === 'incomplete') this.#status = 'failed';
    else if (progress === 'sent' || this.#status === 'done') this.#status = 'unknown';
  }

  // --------------------------------------------------------------------------------------------------- before sending

  async #prepare(): Promise<Prepared> {
    const { head, target, masker } = this.#options;
    const { method, path, query, headers, service } = head;
    const { catalogue, settings } = target;
    // It goes to the endpoint of this service: what it is there, whatever else it could be elsewhere.
    const addressing = { ...head.addressing, service };
    // Of a body that is there already nobody has to be told whether to wait for it.
    const need = this.#options.body.isEnded
      ? whole
      : needsBody(catalogue, { method, path, query, headers }, head, addressing);
    if (need.read === 'none') throw disagreement(need.reason);
    const body = need.read === 'whole' || !this.#streams ? await this.#whole() : undefined;
    const request = { method, path, query, headers, ...(body && { body }) };
    const identified = identify(catalogue, request, head, addressing);
    if (!identified.identified) throw disagreement(identified.reason);
    if (identified.service !== service || identified.operation !== head.operation)
      throw disagreement(`it is "${identified.service}:${identified.operation}"`);
    const asked: Asked = { ...identified, region: head.region, signingName: head.signingName };
    if (!this.#mayGo(asked)) throw otherRegion(head.region);
    const needs = agreedNeeds({ identified, request, head, opened: this.#options.session.opened });
    const destination = destinationOf(asked, target);
    const sent = requestHeaders(headers, target.modelledHeaders(service, head.operation));
    const traffic = body === undefined ? undefined : this.#trafficOf(body, sent);
    this.#traffic = traffic;
    const shown = { ...identified, method, query, headers: traffic?.headers ?? sent };
    const known = traffic === undefined ? masker : masker.besidePlaceholders();
    const masking = maskingOf(shown, known, { binary: settings.binary });
    const { endpoint } = destination;
    const sentWhole = traffic?.sent.body ?? body ?? (await this.#summed(endpoint));
    const rest = { endpoint, headers: masking.headers, body: this.#options.body };
    const sending = sendingOf({ head: traffic === undefined ? head : unhashed(head), whole: sentWhole, ...rest });
    return { identified, needs, destination, masking, sending, traffic };
  }

  #trafficOf(body: Uint8Array, headers: readonly Header[]): ModelTraffic | undefined {
    const { head, target, session, masker, signal } = this.#options;
    const api = modelApiOf(head, body);
    if (api === undefined) return undefined;
    const { person, aiSession, session: own } = session.attribution;
    const ledger = target.ledgers.of(person, aiSession ?? own);
    const { placeholders } = target;
    const decide = (call: ToolCall): Promise<ToolVerdict> => this.#verdicts.ask(call);
    return new ModelTraffic({ api, body, headers, masker, placeholders, ledger, signal, decide });
  }

  #mayGo(asked: Asked): boolean {
    const { target, session } = this.#options;
    const { region } = session.opened;
    return session.allowsRegion(asked.region) || (region !== undefined && isSamePlace(asked, region, target));
  }

  /** What is there already is not streamed; nor is what a service would have to know the hash of beforehand. */
  get #streams(): boolean {
    const { head, body } = this.#options;
    if (asksModel(head)) return false; // another body is sent, and its hash is signed
    return !body.isEnded && (head.bodySha256 !== undefined || takesUnsigned.has(head.service));
  }

  #whole(): Promise<Uint8Array> {
    return this.#options.body.whole(this.#held);
  }

  /** Of a body whose checksum cannot follow it, so that it has to go ahead. Where there is no room, the target has none. */
  async #summed(endpoint: Endpoint): Promise<Uint8Array | undefined> {
    const { head, body } = this.#options;
    if (head.length === undefined || head.length > mostSummedBytes || !sumsAhead(head, endpoint)) return undefined;
    if (!this.#held.fits(head.length)) return undefined;
    this.#held.take(head.length); // the body ends where it is longer
    return body.whole({ take: () => undefined });
  }

  async #authorise({ identified, needs }: Prepared, fresh: boolean): Promise<Authorised> {
    const { target, session, head } = this.#options;
    const { role, attribution } = session;
    if (role === undefined) {
      const credential = await target.credential({ fresh });
      await session.checkAccount(credential);
      return { credential, scoped: 'own' };
    }
    await this.#options.clearance.given(); // the role may have to be assumed first
    const { service } = identified;
    return target.scopes.credential({ role, attribution, service, region: head.region, ...needs }, { fresh });
  }

  // -------------------------------------------------------------------------------------------------------- at AWS

  /** Once more with a credential read afresh where it is the credential that AWS refuses. */
  async #ask(prepared: Prepared): Promise<Answered & Prepared> {
    const first = await this.#attempt(prepared, false);
    if (!this.#isRefused(first)) return { ...prepared, ...first };
    const isGone = typeof prepared.sending.body === 'function'; // a body that went as it came is not there again
    if (isGone) this.#renew(prepared);
    const second = isGone ? first : await this.#attempt(prepared, true);
    if (!this.#isRefused(second) || second.error?.body.length === 0) return { ...prepared, ...second };
    this.#code = second.error?.code;
    this.#status = 'failed';
    throw new GatewayError('TARGET_REFUSED_CREDENTIAL', `AWS refuses the agent’s credential (${this.#code})`, {
      hint: 'ask an administrator to look at the agent’s AWS credential and clock',
    });
  }

  #renew(prepared: Prepared): void {
    this.#authorise(prepared, true).catch((error: unknown) => this.#options.log('credential.failed', { error }));
  }

  /** An answer to HEAD has no body to say why; an expired token is then told as 400. */
  #isRefused({ answer, error }: Answered): boolean {
    if (error === undefined) return false;
    return refusesCredential(error.code) || (this.#options.head.method === 'HEAD' && answer.status === 400);
  }

  async #attempt(prepared: Prepared, fresh: boolean): Promise<Answered> {
    const { identified, destination, sending } = prepared;
    const { head, target, signal, clearance } = this.#options;
    const { method, path, query } = head;
    const authorised = await this.#authorise(prepared, fresh);
    this.#scoped = authorised.scoped;
    const signed = sign({ method, path, query, headers: sending.headers }, authorised.credential, {
      region: destination.signingRegion,
      service: destination.signingName,
      now: new Date(),
      payload: sending.payload,
      keys: target.keys,
    });
    await clearance.given();
    const answer = await target.client.send({
      endpoint: destination.endpoint,
      method,
      path: signed.query === '' ? path : `${path}?${signed.query}`,
      headers: signed.headers,
      body: typeof sending.body === 'function' ? sending.body() : sending.body,
      repeatable: (method === 'GET' || method === 'HEAD') && identified.protocol.startsWith('rest-'),
      signal,
    });
    this.#joinKey = headerOf(answer.headers, 'x-amzn-requestid') ?? headerOf(answer.headers, 'x-amz-request-id');
    this.#status = 'done';
    if (answer.status < 400) return { answer, authorised };
    const errorBody = await wholeAnswer(answer, mostErrorBytes);
    const code = errorCode(answer.status, answer.headers, errorBody);
    return { answer, authorised, error: { body: errorBody, code } };
  }

  // ------------------------------------------------------------------------------------------------------ the answer

  async #show({ answer, error, masking, authorised, traffic }: Answered & Prepared): Promise<void> {
    const { status, headers } = answer;
    if (error !== undefined) {
      this.#status = 'failed';
      this.#code = error.code;
    }
    try {
      const body = error === undefined ? answer.body : piecesOf(error.body);
      const said = traffic === undefined ? { head: answer, body } : await traffic.response({ status, headers }, body);
      const masked = await masking.response(said.head, said.body);
      this.#masked = masked.result;
      await this.#pass(masked, new OwnSecrets(this.#options.target.spellings(authorised.credential)));
    } finally {
      answer.close();
    }
  }

  async #pass({ head, body }: MaskedResponse, secrets: OwnSecrets): Promise<void> {
    const { answer, signal } = this.#options;
    const text = encodeResponseHead({ status: head.status, headers: answerHeaders(head.status, head.headers) });
    secrets.check(text);
    await answer.head(text);
    for await (const piece of body) {
      signal.throwIfAborted();
      await answer.body(secrets.pass(piece));
    }
    await answer.body(secrets.rest());
  }
}

async function* piecesOf(body: Uint8Array): AsyncGenerator<Uint8Array> {
  if (body.length > 0) yield body;
}

/** Of a body that another one goes on for. */
const unhashed = ({ bodySha256: _ofClient, ...head }: CallHead): CallHead => head;

const disagreement = (reason: string): GatewayError =>
  new GatewayError(
    'PROTOCOL_VIOLATION',
    `the agent takes this call for another one than the control plane: ${reason}`,
    {
      hint: 'agent and control plane must be of the same version',
    },
  );

const otherRegion = (region: string): GatewayError =>
  new GatewayError('TARGET_UNKNOWN', `calls of this connection may not go to the region "${region}"`);
