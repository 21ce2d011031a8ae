/**
 * What comes back from the agent, to the client.
 *
 * INVARIANT: no byte of a response reaches the client before its gate is open and, where responses are recorded, before it
 * is durable.
 */
import { type ErrorCode, errorCodes, GatewayError, type Outcome, outcomeFlags, type Refusal } from '@sallyport/core';
import { type Frame, FrameKind, type OperationRecord, type ResponseGate } from '@sallyport/engine';
import { decodeData, decodeJson, type OutcomeHead } from '../frames.js';
import { decodeResponseHead } from '../response-head.js';
import type { Headers, Incoming } from './incoming.js';
import type { Way } from './way.js';

export interface Relaying {
  readonly gate: ResponseGate;
  readonly record: OperationRecord;
  /** Takes what the target has started in its answer; the response goes on meanwhile. */
  readonly raised?: (frame: Frame) => void;
  /** May add to the outcome before it goes on record. */
  readonly settled?: (outcome: Outcome) => Promise<Outcome> | Outcome;
}

const asTold = (outcome: Outcome): Outcome => outcome;

/** The client, as far as its answer is about it. */
export type Answerable = Pick<Incoming, 'gone' | 'head' | 'write' | 'drained' | 'end'>;

export interface Relayed {
  /** Where there is no response to show. */
  readonly refusal?: Refusal;
}

/**
 * Passes one response on, to its end. Puts its outcome on record once.
 * @throws GatewayError when the way broke, or the record did: the outcome is then still to be told
 */
export async function relay(
  incoming: Answerable,
  way: Pick<Way<unknown>, 'next'>,
  { gate, record, raised, settled = asTold }: Relaying,
): Promise<Relayed> {
  const response = new Response(incoming);
  for (;;) {
    const frame = await way.next();
    const { kind, head, body } = frame;
    if (kind === FrameKind.DATA) {
      if (!gate.isOpen) await gate.opened();
      const at = decodeData(head);
      if (record.response !== undefined) {
        if (at === undefined)
          throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'a recorded response has no time stamp');
        await record.response(body, at);
      }
      await response.take(body);
    } else if (kind === FrameKind.RAISE && raised !== undefined) {
      raised(frame);
    } else if (kind === FrameKind.OUTCOME) {
      if (!gate.isOpen) await gate.opened();
      const { refusal, footer, flags, ...outcome } = decodeJson<OutcomeHead>(head);
      const told = record.outcome(await settled({ ...outcome, ...knownOf(flags) }), footer);
      if (record.response !== undefined) await told;
      else told.catch(() => undefined); // the session's next decision hears of it: it cannot be recorded either
      if (refusal !== undefined) return { refusal: refusalFrom(refusal) };
      response.end();
      return {};
    }
  }
}

class Response {
  #begun = false;

  constructor(private readonly incoming: Answerable) {}

  async take(bytes: Uint8Array): Promise<void> {
    if (this.incoming.gone.isOver) throw new GatewayError('CANCELLED', 'the client has gone');
    if (!this.#begun) {
      const { status, headers } = decodeResponseHead(bytes);
      this.#begun = true;
      this.incoming.head(status, shown(headers));
    } else if (bytes.length > 0 && !this.incoming.write(bytes)) await this.incoming.drained();
  }

  end(): void {
    if (!this.#begun) throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the agent ended a call without an answer');
    this.incoming.end();
  }
}

/** The gateway's own connection to the client is its own matter. */
const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer']);
const shown = (headers: Headers): Headers => headers.filter(([name]) => !ofConnection.has(name));

function refusalFrom({ code, message, hint }: NonNullable<OutcomeHead['refusal']>): Refusal {
  const known = errorCodes.find((one): one is ErrorCode => one === code) ?? 'INTERNAL';
  return { code: known, message, ...(hint === undefined ? {} : { hint }) };
}

/** The agent's word, but in our names: nothing else can come onto the record by it, and none of them twice. */
function knownOf(flags: unknown): Pick<Outcome, 'flags'> {
  if (!Array.isArray(flags)) return {};
  const known = outcomeFlags.filter((flag) => flags.includes(flag));
  return known.length === 0 ? {} : { flags: known };
}
