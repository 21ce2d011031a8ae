import type {
  Decision,
  Digest,
  MaskingPlan,
  Operation,
  OperationId,
  PolicyId,
  Refusal,
  ReviewId,
} from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import { type Guards, serve } from './engine.js';
import type { Exchange } from './exchange.js';

const operation = (text: string, more: Partial<Operation> = {}): Operation => ({
  action: 'sql.execute',
  risk: 'read',
  text,
  facts: {},
  resources: [],
  digest: 'd' as Digest,
  pure: false,
  ...more,
});
const plan: MaskingPlan = { rules: [], digest: 'p' as Digest };
const by = { policies: ['p1' as PolicyId], policyVersion: 1 };
const allow: Decision = { outcome: 'allow', ...by };
const deny: Decision = { outcome: 'deny', ...by, refusal: { code: 'POLICY_DENIED', message: 'no' } };
const review: Decision = {
  outcome: 'review',
  ...by,
  requirement: { groups: ['reviewers'], approvals: 1, timeoutMs: 1, onTimeout: 'deny' },
};
const down = new Error('disk full');

interface Case {
  readonly decision: Decision | Error;
  readonly settled?: Awaited<ReturnType<Guards['review']>> | Error;
  readonly recorder?: 'up' | 'down' | 'slow';
  readonly masking?: 'there' | 'missing';
  readonly asked?: Partial<Operation>;
  readonly isHeld?: boolean;
}

/** Everything that happened, in its order, when one operation and then a harmless second one are served. */
async function transcript({
  decision,
  settled,
  recorder = 'up',
  masking = 'there',
  asked = {},
  isHeld = false,
}: Case): Promise<string[]> {
  const lines: string[] = [];
  let durable: () => void = () => undefined;
  const guards: Guards = {
    decide: ({ text }) => {
      if (text === 'second') return allow;
      if (decision instanceof Error) throw decision;
      return decision;
    },
    masking: () => {
      if (masking === 'missing') throw new GatewayError('MASKING_UNAVAILABLE', 'no plan');
      return plan;
    },
    record: ({ text }, { outcome }, found) => {
      lines.push(`record ${text} ${outcome}${found ? '' : ' without plan'}`);
      const slow = new Promise<void>((resolve) => (durable = resolve));
      return {
        id: `id of ${text}` as OperationId,
        durable:
          recorder === 'down'
            ? Promise.reject(down)
            : recorder === 'slow' && text === 'first'
              ? slow
              : Promise.resolve(),
        outcome: async () => undefined,
      };
    },
    review: async (_operation, _decision, { waiting }) => {
      waiting({ review: 'r' as ReviewId, message: 'asking' });
      if (settled instanceof Error) throw settled;
      lines.push('settled on record');
      return settled!;
    },
  };
  const exchange = (text: string, more: Partial<Operation> = {}): Exchange => ({
    operation: operation(text, more),
    isHeld: text === 'first' && isHeld,
    forward: async (permit, gate) => {
      lines.push(`forward ${text} by ${permit.masking.digest} gate ${gate.isOpen ? 'open' : 'shut'}`);
      if (gate.isOpen) return;
      void gate.opened().then(() => lines.push(`gate of ${text} opens`));
      durable();
    },
    refuse: async ({ code }: Refusal) => void lines.push(`refuse ${text} ${code}`),
    waiting: ({ message }) => void lines.push(message),
  });
  async function* exchanges() {
    yield exchange('first', asked);
    yield exchange('second');
  }
  await serve(exchanges(), guards);
  return lines.filter((line) => !line.includes('second'));
}

test.each<[string, Case, string[]]>([
  [
    'an allowance is on record before it is forwarded',
    { decision: allow },
    ['record first allow', 'forward first by p gate open'],
  ],
  [
    'a pure read goes ahead of its record, and its response waits at the gate',
    { decision: allow, asked: { pure: true }, recorder: 'slow' },
    ['record first allow', 'forward first by p gate shut', 'gate of first opens'],
  ],
  [
    'what is held at the agent goes there ahead of its record, and waits for the gate',
    { decision: allow, isHeld: true, recorder: 'slow' },
    ['record first allow', 'forward first by p gate shut', 'gate of first opens'],
  ],
  [
    'what is held has nothing to wait for once people have answered',
    { decision: review, settled: allow, isHeld: true },
    ['record first review', 'asking', 'settled on record', 'forward first by p gate open'],
  ],
  [
    'of a denial the agent hears nothing, although it could hold it',
    { decision: deny, isHeld: true },
    ['record first deny', 'refuse first POLICY_DENIED'],
  ],
  ['a denial is on record before it is said', { decision: deny }, ['record first deny', 'refuse first POLICY_DENIED']],
  [
    'what cannot be recorded is not forwarded',
    { decision: allow, recorder: 'down' },
    ['record first allow', 'refuse first RECORDING_UNAVAILABLE'],
  ],
  [
    'a denial that cannot be recorded is a refusal all the same',
    { decision: deny, recorder: 'down' },
    ['record first deny', 'refuse first RECORDING_UNAVAILABLE'],
  ],
  [
    'a review is on record, then asked, then its answer is on record, then it is forwarded',
    { decision: review, settled: allow },
    ['record first review', 'asking', 'settled on record', 'forward first by p gate open'],
  ],
  [
    'a rejected review is refused',
    { decision: review, settled: deny },
    ['record first review', 'asking', 'settled on record', 'refuse first POLICY_DENIED'],
  ],
  [
    'a review that cannot be asked is refused',
    { decision: review, settled: new GatewayError('REVIEW_UNAVAILABLE', 'x') },
    ['record first review', 'asking', 'refuse first REVIEW_UNAVAILABLE'],
  ],
  [
    'what is provisional asks nobody yet',
    { decision: review, asked: { provisional: true } },
    ['record first review', 'forward first by p gate open'],
  ],
  [
    'without a masking plan an allowance is a denial, on record',
    { decision: allow, masking: 'missing' },
    ['record first deny without plan', 'refuse first MASKING_UNAVAILABLE'],
  ],
  [
    'without a masking plan nobody is asked',
    { decision: review, masking: 'missing' },
    ['record first deny without plan', 'refuse first MASKING_UNAVAILABLE'],
  ],
  [
    'a decision that fails is a refusal that tells nothing',
    { decision: new Error('secret of the engine') },
    ['refuse first INTERNAL'],
  ],
])('%s', async (_name, given, expected) => {
  expect(await transcript(given)).toEqual(expected);
});

test.each<[string, Case, string[]]>([
  ['an allowance', { decision: allow }, ['prepare', 'durable', 'forward']],
  ['an allowance that cannot be recorded', { decision: allow, recorder: 'down' }, ['prepare', 'lost', 'refuse']],
  ['a denial', { decision: deny }, ['durable', 'refuse']],
  ['what people are asked about', { decision: review, settled: allow }, ['durable', 'forward']],
])('is prepared while its record is written: %s', async (_name, { decision, settled, recorder }, expected) => {
  const lines: string[] = [];
  const written = async (): Promise<void> => {
    await new Promise(setImmediate);
    lines.push(recorder === 'down' ? 'lost' : 'durable');
    if (recorder === 'down') throw down;
  };
  async function* one(): AsyncGenerator<Exchange> {
    yield {
      operation: operation('ask'),
      prepare: ({ id }) => void lines.push(id === 'o1' ? 'prepare' : 'another'),
      forward: async () => void lines.push('forward'),
      refuse: async () => void lines.push('refuse'),
    };
  }
  await serve(one(), {
    decide: () => decision as Decision,
    masking: () => plan,
    record: () => ({ id: 'o1' as OperationId, durable: written(), outcome: async () => undefined }),
    review: async () => settled as Extract<Decision, { outcome: 'allow' }>,
  });
  expect(lines).toEqual(expected);
});

test('of a pure read whose record fails the gate never opens', async () => {
  const heard: string[] = [];
  async function* one(): AsyncGenerator<Exchange> {
    yield {
      operation: operation('read', { pure: true }),
      refuse: async () => undefined,
      forward: async (_permit, gate) => {
        await gate.opened().catch((error: GatewayError) => heard.push(error.code));
        expect(gate.isOpen).toBe(false);
      },
    };
  }
  await serve(one(), {
    decide: () => allow,
    masking: () => plan,
    record: () => ({ id: 'x' as OperationId, durable: Promise.reject(down), outcome: async () => undefined }),
    review: () => Promise.reject(new Error('not asked')),
  });
  expect(heard).toEqual(['RECORDING_UNAVAILABLE']);
});
