import { setTimeout as wait } from 'node:timers/promises';
import { type Decision, GatewayError, type Operation, type SessionId } from '@sallyport/core';
import { expect, test } from 'vitest';
import { RecordedSession } from './recorded-session.js';
import type { AdmissionContext, SessionEnding } from './recorder.js';
import type { RecordingHouse } from './recording-house.js';

type Sealed = {
  readonly event: string;
  readonly body: { readonly operation?: string };
};

const allow: Decision = {
  outcome: 'allow',
  policies: [],
  policyVersion: 1,
} as unknown as Decision;
const read = {
  action: 'sql.execute',
  risk: 'read',
  text: 'select 1',
  facts: {},
  resources: [],
  digest: 'd',
  pure: true,
} as unknown as Operation;
const context = { masking: '', session: 's' } as unknown as AdmissionContext;
const ending: SessionEnding = {
  reason: { code: 'CLIENT_LEFT', message: 'left' },
  bytes: { toTarget: 0, toClient: 0 },
};

/** Puts down in their order what reaches the journal, and when the end is left to others. */
const houseOf = (fails: (entry: Sealed) => boolean) => {
  const order: string[] = [];
  let count = 0;
  const house = {
    sealer: {
      forSession: async () => ({
        key: new Uint8Array(32),
        seal: (event: Sealed) => event,
      }),
    },
    log: { footerSigner: async () => undefined },
    replica: { claim: async () => undefined },
    ids: {
      next: () => {
        count += 1;
        return `operation ${count}`;
      },
    },
    clock: { now: () => new Date(0) },
    journal: {
      entry: async (entry: Sealed) => {
        await wait(2);
        if (fails(entry))
          throw new GatewayError('RECORDING_UNAVAILABLE', 'the database is away', { details: { inDoubt: true } });
        order.push(`${entry.event} ${entry.body.operation ?? ''}`.trim());
      },
    },
    closer: { closeEventually: async () => void order.push('left to others') },
  };
  return { order, house: house as unknown as RecordingHouse };
};

test('an outcome that still waits is on record before the end of a session in doubt is left to others, and none comes after', async () => {
  const { order, house } = houseOf(({ body: { operation } }) => operation === 'operation 3');
  const session = new RecordedSession('s' as SessionId, house);
  await session.started({ connection: { protocol: 'postgres' } } as never);
  const first = session.admitted(read, allow, context);
  const second = session.admitted(read, allow, context);
  await Promise.all([first.durable, second.durable]);
  await expect(session.admitted(read, allow, context).durable).rejects.toThrow(/is away/);

  const told = first.outcome({ status: 'done', maskedFields: 0 });
  await session.ended(ending);
  await Promise.allSettled([told, second.outcome({ status: 'unknown', maskedFields: 0 })]);
  await wait(50); // as long as an outcome may wait for a decision, and more
  expect(order.slice(-2)).toEqual(['operation.completed operation 1', 'left to others']);
});
