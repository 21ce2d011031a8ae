import {
  type Decision,
  GatewayError,
  type MaskingPlan,
  type Operation,
  type Refusal,
  refusalOf,
} from '@sallyport/core';
import type { Exchange, OperationRecord, Permit, ResponseGate, Waiting } from './exchange.js';

type Allowed = Extract<Decision, { outcome: 'allow' }>;
type Denied = Extract<Decision, { outcome: 'deny' }>;
type ToReview = Extract<Decision, { outcome: 'review' }>;
export type Settled = Allowed | Denied;

/** One operation's place on the record, with the promise that it is there. */
export interface RecordedOperation extends OperationRecord {
  /** Resolves once request and decision are durable. */
  readonly durable: Promise<void>;
}

/** What the engine asks of the house around one session. Each may throw: a failure is a denial with its cause. */
export interface Guards {
  decide(operation: Operation): Decision | Promise<Decision>;
  /** @param masking absent only with a denial */
  record(operation: Operation, decision: Decision, masking: MaskingPlan | undefined): RecordedOperation;
  /** Waits for people; consumes an approval and records the final decision in one transaction. */
  review(operation: Operation, decision: ToReview, context: ReviewContext): Promise<Settled>;
  masking(operation: Operation): MaskingPlan;
}

export interface ReviewContext {
  readonly waiting: (notice: Waiting) => void;
  readonly abandoned: AbortSignal;
}

type Verdict =
  | {
      readonly outcome: 'allow';
      readonly masking: MaskingPlan;
      readonly gate: ResponseGate;
      readonly recorded: RecordedOperation;
    }
  | { readonly outcome: 'deny'; readonly refusal: Refusal };

/**
 * Decide, record, then act: the one place that orders them.
 *
 * INVARIANT: the record comes before the effect, so a crash in between leaves a decision without an effect, never an
 * effect without a decision. Only an operation described as pure may reach the target first, and then no byte of its
 * response leaves before the record is durable; what is held reaches the agent first, and no target.
 */
export async function serve(exchanges: AsyncIterable<Exchange>, guards: Guards): Promise<void> {
  for await (const exchange of exchanges) {
    const verdict = await admit(exchange, guards); // decide → record → (review → record), never throws

    if (verdict.outcome === 'deny') await exchange.refuse(verdict.refusal);
    else await exchange.forward(permitFor(verdict.masking), verdict.gate, verdict.recorded);
  }
}

const never = new AbortController().signal;

async function admit(exchange: Exchange, guards: Guards): Promise<Verdict> {
  try {
    const { operation } = exchange;
    const { decision, masking } = await decided(operation, guards);
    const recorded = guards.record(operation, decision, masking);

    if (masking && (decision.outcome === 'allow' || (decision.outcome === 'review' && operation.provisional))) {
      exchange.prepare?.(recorded);
      return { outcome: 'allow', masking, recorded, gate: await gateFor(exchange, recorded) };
    }
    await onRecord(recorded);
    if (decision.outcome === 'deny') return { outcome: 'deny', refusal: decision.refusal };
    if (decision.outcome === 'allow' || masking === undefined)
      throw new Error('an allowance came without a masking plan');

    const settled = await guards.review(operation, decision, {
      waiting: (notice) => exchange.waiting?.(notice),
      abandoned: exchange.abandoned ?? never,
    });
    if (settled.outcome === 'deny') return { outcome: 'deny', refusal: settled.refusal };
    return { outcome: 'allow', masking, recorded, gate: openGate };
  } catch (error) {
    return { outcome: 'deny', refusal: refusalOf(error) };
  }
}

/** No masking plan means refusal, and that refusal is on record like any other. */
async function decided(
  operation: Operation,
  guards: Guards,
): Promise<{ readonly decision: Decision; readonly masking?: MaskingPlan }> {
  const decision = await guards.decide(operation);
  try {
    return { decision, masking: guards.masking(operation) };
  } catch (error) {
    const { policies, policyVersion } = decision;
    return { decision: { outcome: 'deny', policies, policyVersion, refusal: refusalOf(error) } };
  }
}

const openGate: ResponseGate = { isOpen: true, opened: () => Promise.resolve() };

async function gateFor({ operation, isHeld }: Exchange, recorded: RecordedOperation): Promise<ResponseGate> {
  if (operation.pure || isHeld === true) return gateOn(onRecord(recorded));
  await onRecord(recorded);
  return openGate;
}

function gateOn(durable: Promise<void>): ResponseGate {
  let isOpen = false;
  const opened = durable.then(() => {
    isOpen = true;
  });
  opened.catch(() => undefined); // whoever waits at the gate hears it; a session that ended before its response has nobody waiting
  return {
    get isOpen() {
      return isOpen;
    },
    opened: () => opened,
  };
}

const onRecord = ({ durable }: RecordedOperation): Promise<void> =>
  durable.catch((cause: unknown) => {
    throw new GatewayError('RECORDING_UNAVAILABLE', 'this operation cannot be recorded right now, so nothing was run', {
      cause,
      hint: 'try again in a minute; if it persists, ask an administrator to look at the control plane’s database',
    });
  });

const permitFor = (masking: MaskingPlan): Permit => ({ masking }) as unknown as Permit;
