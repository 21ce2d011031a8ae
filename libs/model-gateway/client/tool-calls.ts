/**
 * Tool calls of a model's answer. The agent holds each until its verdict has come.
 *
 * INVARIANT: a call that was allowed has been witnessed, durably, before its verdict leaves: whoever runs it cannot be
 * faster than its record.
 */
import { GatewayError, type Operation, type Refusal, refusalOf } from '@sallyport/core';
import type { Exchange, Frame, OperationRecord, SessionHandle } from '@sallyport/engine';
import { type Departure, decodeJson, fieldsOf, Hold, text } from '@sallyport/http';
import type { ToolVerdict } from '@sallyport/models';
import type { VerdictHead } from '../wire.js';
import { type CalledTool, toolOperation } from './tool-operation.js';

export interface RaisedCall extends CalledTool {
  /** Of the request whose answer has it. */
  readonly operation: OperationRecord['id'];
  /** What the call is a part of, where that is no operation on a model alone. */
  readonly within?: Operation;
  readonly handle: Pick<SessionHandle, 'witness'>;
  readonly gone: Departure;
  /** How long its client can be kept waiting for people. */
  readonly holdMs: number;
}

export interface Raised {
  readonly number: number;
  readonly call: CalledTool['call'];
}

/** @throws GatewayError PROTOCOL_VIOLATION */
export function raisedOf({ head, body }: Pick<Frame, 'head' | 'body'>): Raised {
  const fields = fieldsOf(decodeJson(head));
  const { number, byProvider, declared } = fields;
  if (!Number.isSafeInteger(number) || typeof byProvider !== 'boolean' || typeof declared !== 'boolean')
    throw new GatewayError('PROTOCOL_VIOLATION', 'the head of a tool call is not what it must be');
  const input = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return {
    number: number as number,
    call: { id: text(fields, 'id'), name: text(fields, 'name'), input, byProvider, declared },
  };
}

/** One tool call as an exchange of its own: decided, recorded, reviewed like everything else. */
export class ToolExchange implements Exchange {
  readonly operation: Operation;
  readonly #raised: RaisedCall;
  readonly #hold: Hold;
  #verdict: ToolVerdict = deny({ code: 'INTERNAL', message: 'the gateway has not decided this call' });

  constructor(raised: RaisedCall) {
    this.#raised = raised;
    this.operation = { ...toolOperation(raised), ...(raised.within && { within: raised.within }) };
    this.#hold = new Hold(raised.gone, raised.holdMs);
  }

  get abandoned(): AbortSignal {
    return this.#hold.abandoned;
  }

  /** Of a call that has been through the engine. */
  get verdict(): ToolVerdict {
    return this.#verdict;
  }

  waiting(notice: Parameters<NonNullable<Exchange['waiting']>>[0]): void {
    this.#hold.waiting(notice);
  }

  end(): void {
    this.#hold.end();
  }

  async refuse(refusal: Refusal): Promise<void> {
    this.#verdict = deny(this.#hold.inWords(refusal));
  }

  async forward(_permit: unknown, _gate: unknown, record: OperationRecord): Promise<void> {
    const { handle, call, turn, operation } = this.#raised;
    try {
      const { id, name, input } = call;
      await handle.witness({ kind: 'tool-call', turn: { ...turn, toolCall: id }, operation, id, name, input });
      this.#verdict = { outcome: 'allow' };
      await record.outcome({ status: 'done', maskedFields: 0 });
    } catch (error) {
      const refusal = refusalOf(error);
      this.#verdict = deny(refusal);
      await record.outcome({ status: 'skipped', code: refusal.code, maskedFields: 0 }).catch(() => undefined);
    }
  }
}

/** What stands in the answer instead of the call: written for the model, which reads it with its next request. */
const deny = ({ message, hint }: Refusal): Extract<ToolVerdict, { outcome: 'deny' }> => ({
  outcome: 'deny',
  text: [
    `The gateway refused this tool call, and it was not run: ${message}${hint === undefined ? '' : `; ${hint}`}.`,
    'Do not try the same by another way. Tell the user what you wanted to do and why, or go on without it.',
  ].join(' '),
});

export const verdictHead = (number: number, verdict: ToolVerdict): VerdictHead => ({ ...verdict, number });
