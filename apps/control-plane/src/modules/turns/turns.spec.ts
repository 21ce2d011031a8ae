import { randomUUID } from 'node:crypto';
import type { ConnectionId, Digest, PersonId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { IdentityModule } from '../identity/identity.module.js';
import { turnKeyOf } from './turn-key.js';
import { TurnStates } from './turn-states.js';
import { TurnsModule } from './turns.module.js';

let house: TestControlPlane;
let here: TurnStates;
let there: TurnStates;

beforeAll(async () => {
  house = await testControlPlane({ features: [IdentityModule, TurnsModule] });
  here = house.controlPlane.app.get(TurnStates);
  there = (await house.replica()).app.get(TurnStates);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const aTurn = () => turnKeyOf(randomUUID() as PersonId, { client: 'claude-code', aiSession: 's', turn: 't' })!;
const known = async (states: TurnStates, key: ReturnType<typeof aTurn>) => {
  await states.load(key);
  return states.soFar(key);
};

test('what happens in a turn on one replica is known on the other, whether it looks afterwards or has looked before', async () => {
  const key = aTurn();
  expect(await known(there, key)).toEqual({ writes: 0, untrusted: false });
  here.counted(key);
  here.counted(key);
  here.untrusted(key);
  await vi.waitFor(() => expect(there.soFar(key)).toEqual({ writes: 2, untrusted: true }));

  const late = aTurn();
  here.counted(late);
  await here.flush();
  expect(await known(there, late)).toEqual({ writes: 1, untrusted: false });
});

test('two replicas that count the same turn at once come to the same sum', async () => {
  const [one, two] = [aTurn(), aTurn()];
  await Promise.all([here, there].flatMap((states) => [states.load(one), states.load(two)]));
  for (let round = 0; round < 20; round += 1) {
    here.counted(one);
    here.counted(two);
    there.counted(two);
    there.counted(one);
    await Promise.all([here.flush(), there.flush()]);
  }
  await vi.waitFor(() => {
    for (const states of [here, there])
      for (const key of [one, two]) expect(states.soFar(key)).toEqual({ writes: 40, untrusted: false });
  });
});

test('a turn of which nothing is known here is not taken for one in which nothing happened', async () => {
  const key = aTurn();
  expect(here.soFar(key)).toBeUndefined();
  here.counted(key); // what is known of it is not all
  expect(here.soFar(key)).toBeUndefined();
  expect(await known(here, key)).toEqual({ writes: 1, untrusted: false });
});

test('while the database does not answer nothing can be read, and what was counted is written later, once', async () => {
  const database = house.controlPlane.app.get(DataSource);
  const key = aTurn();
  await here.load(key);
  const away = vi.spyOn(database, 'transaction').mockRejectedValue(new Error('away'));
  const unread = vi.spyOn(database, 'query').mockRejectedValue(new Error('away'));
  try {
    here.counted(key);
    await here.flush();
    expect(here.soFar(key)).toMatchObject({ writes: 1 });
    await expect(here.load(aTurn())).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
  } finally {
    away.mockRestore();
    unread.mockRestore();
  }
  here.counted(key);
  await here.flush();
  expect(await known(there, key)).toMatchObject({ writes: 2 });
});

test('a refusal is known on every replica, for that operation on that connection in that turn only', async () => {
  const key = aTurn();
  const connection = randomUUID() as ConnectionId;
  const digest = 'a'.repeat(64) as Digest;
  here.refused({ key, connection, digest, code: 'POLICY_DENIED', message: 'not this' });
  expect(await here.refusalOf({ key, connection, digest })).toMatchObject({ message: 'not this' }); // at once
  await here.flush();
  expect(await there.refusalOf({ key, connection, digest })).toMatchObject({
    code: 'POLICY_DENIED',
    message: 'not this',
  });
  for (const other of [
    { key: aTurn(), connection, digest },
    { key, connection: randomUUID() as ConnectionId, digest },
    { key, connection, digest: 'b'.repeat(64) as Digest },
  ])
    expect(await there.refusalOf(other)).toBeUndefined();
});
