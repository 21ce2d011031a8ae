/** The statement by which a session gets its name back, where the target does not take it. */
import { compileMasking } from '@sallyport/masking';
import { expect, test } from 'vitest';
import { parameterStatus, readyForQuery } from './backend.js';
import { Outbox } from './outbox.js';
import { nameOf, OwnedSettings } from './owned-settings.js';
import { TargetSession, type TargetSessionOptions } from './target-session.js';
import { cstring, MessageReader, message, typeOf } from './wire.js';

const name = nameOf('s-1');
const complete = (tag: string): Buffer => message('C', cstring(tag));
const cancelled = message(
  'E',
  cstring('SERROR'),
  cstring('VERROR'),
  cstring('C57014'),
  cstring('Mcanceling statement due to user request'),
  Buffer.from([0]),
);

const sessionOf = () => {
  const sent: string[] = [];
  const description = {
    flags: [],
    sessionEffects: { settings: ['application_name'] },
    statements: [],
  };
  const judged = {
    description,
    reaches: false,
    opaque: false,
    outputs: undefined,
  };
  const memory = {
    apply: () => ({ done: () => undefined, failed: () => undefined }),
    nextGroup: () => undefined,
    sqlSession: () => ({}),
  };
  const session = new TargetSession({
    judge: () => ({
      masker: compileMasking([], { key: new Uint8Array(32) }),
      judge: () => judged,
    }),
    memory,
    outbox: new Outbox({
      write: () => true,
      drained: async () => undefined,
    } as never),
    send: (bytes: Buffer) => void sent.push(bytes.toString('latin1')),
    name,
    owned: () => new OwnedSettings(),
    resurvey: async () => true,
  } as unknown as TargetSessionOptions);
  const reader = new MessageReader();
  let exchange = 0;
  return {
    session,
    namings: () => sent.filter((bytes) => bytes.includes(`set application_name = '${name}'`)).length,
    query: (sql: string) => {
      exchange += 1;
      const raw = message('Q', cstring(sql));
      session.forward(exchange, [{ type: typeOf('Q'), raw, body: raw.subarray(5) }], { reaches: false });
    },
    answers: async (...messages: Buffer[]) => {
      reader.push(Buffer.concat(messages));
      await session.take(reader);
    },
  };
};

test('a cancel request that fails it in a transaction does not end the session, whose name comes back with the rollback', async () => {
  const { session, namings, query, answers } = sessionOf();
  query("set application_name = 'mine'");
  await answers(parameterStatus('application_name', 'mine'), complete('SET'), readyForQuery('T'));
  expect(namings()).toBe(1);

  await answers(cancelled, readyForQuery('E'));
  expect([session.busy, namings()]).toEqual([false, 1]); // a failed transaction takes no SET

  query('rollback');
  await answers(parameterStatus('application_name', name), complete('ROLLBACK'), readyForQuery('I'));
  expect([session.busy, namings()]).toEqual([false, 1]);
});

test('it is tried again where a cancel request fails it, and not for ever', async () => {
  const { session, namings, query, answers } = sessionOf();
  query("set application_name = 'mine'");
  await answers(parameterStatus('application_name', 'mine'), complete('SET'), readyForQuery('I'));
  await answers(cancelled, readyForQuery('I'), cancelled, readyForQuery('I'));
  expect([session.busy, namings()]).toEqual([true, 3]);
  await expect(answers(cancelled, readyForQuery('I'))).rejects.toThrow(/does not take the session’s name back/);
});
