/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { randomUUID } from 'node:crypto';
import type { PersonId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Notifications } from '../../platform/index.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { IdentityModule } from '../identity/identity.module.js';
import { ServiceAccountsModule } from '../service-accounts/service-accounts.module.js';
import { PeopleModule } from './people.module.js';
import { PeopleService } from './people.service.js';

let house: TestControlPlane;
let admin: Session;
let people: PeopleService;

beforeAll(async () => {
  house = await testControlPlane({ features: [IdentityModule, PeopleModule, ServiceAccountsModule] });
  people = house.controlPlane.app.get(PeopleService);
  admin = await house.as(['admin'], { sub: 'root' });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const idOf = async (session: Session): Promise<PersonId> => (await session.get('/v1/whoami').expect(200)).body.id;

describe('one human being', () => {
  const withMail = async (email: string, verified: boolean) =>
    idOf(await house.as(['user'], { sub: randomUUID(), email, email_verified: verified }));

  test('is known again behind two accounts with the same verified address, however it is written', async () => {
    const [first, second] = [await withMail('ada@one.test', true), await withMail('ADA@one.test', true)];
    expect(await people.samePerson(first, second)).toBe(true);
  });

  test('is not assumed where an address is not verified: anybody could have typed it', async () => {
    expect(await people.samePerson(await withMail('eve@one.test', true), await withMail('eve@one.test', false))).toBe(
      false,
    );
  });

  test('is behind the service accounts that they own, and behind those of their other account', async () => {
    const subject = randomUUID();
    const owner = await house.as(['admin'], { sub: subject, email: 'owner@one.test' });
    const { body } = await owner
      .post('/v1/service-accounts', { name: `bot-${subject.slice(0, 8)}`, class: 'ai' })
      .expect(201);
    const [ownerId, second, stranger] = [
      await idOf(owner),
      await withMail('owner@one.test', true),
      await withMail('stranger@one.test', true),
    ];
    for (const [a, b] of [
      [ownerId, body.id],
      [body.id, ownerId],
      [body.id, second],
      [second, body.id],
    ])
      expect(await people.samePerson(a, b)).toBe(true);
    expect(await people.samePerson(body.id, stranger)).toBe(false);
  });
});

describe('a login', () => {
  test('of one session at the issuer is one grant, whichever token shows it', async () => {
    const sub = randomUUID();
    const [a, b] = [await house.as(['user'], { sub }), await house.as(['user'], { sub })];
    const id = await idOf(a);
    await idOf(b);
    expect(await house.database.query('select id from login_grants where person_id = $1', [id])).toHaveLength(1);
  });

  test('used for the first time in several places at once is one grant and one person', async () => {
    const ada = await house.as(['user'], { sub: randomUUID() });
    const ids = await Promise.all(Array.from({ length: 8 }, () => idOf(ada)));
    expect(new Set(ids).size).toBe(1);
    expect(await house.database.query('select id from login_grants where person_id = $1', [ids[0]])).toHaveLength(1);
  });

  test('that was ended is not opened again by refreshed tokens of the same session, but by a new login', async () => {
    const sub = randomUUID();
    const login = { sub, sid: `s-${sub}`, auth_time: Math.floor(Date.now() / 1000) - 60 };
    const id = await idOf(await house.as(['user'], login));
    await admin.delete(`/v1/people/${id}/grants`).expect(204);
    await (await house.as(['user'], login)).get('/v1/whoami').expect(401);
    const again = { ...login, auth_time: Math.floor(Date.now() / 1000) + 2 };
    await (await house.as(['user'], again)).get('/v1/whoami').expect(200);
  });

  test('ends when its time is over', async () => {
    const ada = await house.as(['user']);
    const id = await idOf(ada);
    await house.database.query(
      `update login_grants set started_at = started_at - interval '1 day', expires_at = expires_at - interval '1 day' where person_id = $1`,
      [id],
    );
    expect((await ada.get('/v1/whoami').expect(401)).body.code).toBe('GRANT_ENDED');
  });

  test('gives roles by the groups of this login, and other groups give others at once', async () => {
    const sub = randomUUID();
    const roles = async (session: Session) => (await session.get('/v1/whoami').expect(200)).body.roles;
    expect(await roles(await house.as(['admin', 'user'], { sub }))).toEqual(['admin', 'user']);
    expect(await roles(await house.as(['user'], { sub }))).toEqual(['user']);
  });

  test('with groups that are no list of names gives none', async () => {
    for (const groups of [{ admins: true }, 7, ['x'.repeat(500)], [['admins']]]) {
      const session = await house.as([], { groups });
      expect((await session.get('/v1/whoami').expect(200)).body).toMatchObject({ groups: [], roles: [] });
    }
  });
});

test('another person’s account and an unknown one cannot be told apart by those who may not see them', async () => {
  const [ada, eve] = [await house.as(['user']), await house.as(['user'])];
  const id = await idOf(eve);
  for (const target of [id, randomUUID()]) {
    await ada.patch(`/v1/people/${target}`, { disabled: true }).expect(403);
    await ada.delete(`/v1/people/${target}/grants`).expect(403);
  }
  await ada.get('/v1/people').expect(403);
});

test('one replica’s revocation is heard on the other within two seconds, also after its listening connection was cut', async () => {
  const other = await house.replica();
  const heard: unknown[] = [];
  let reconnected = false;
  other.app.get(Notifications).subscribe(
    'grant_ended',
    (payload) => void heard.push(payload),
    () => {
      reconnected = true;
    },
  );
  const endGrantsOf = async (): Promise<void> => {
    const id = await idOf(await house.as(['user']));
    await admin.delete(`/v1/people/${id}/grants`).expect(204);
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    const deadline = Date.now() + 4000;
    while (!isSo() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await endGrantsOf();
  await until(() => heard.length === 1);
  expect(heard).toHaveLength(1);

  await house.database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' or query = 'select 1'`,
  );
  await until(() => reconnected && house.controlPlane.app.get(Notifications).connected);
  expect(reconnected).toBe(true);
  await endGrantsOf();
  await until(() => heard.length === 2);
  expect(heard).toHaveLength(2);
});

test('what is not on record does not happen: a change whose entry cannot be written is rolled back', async () => {
  const ada = await house.as(['user']);
  const id = await idOf(ada);
  await house.database.query('alter table evidence_entries rename to evidence_entries_gone');
  const { status } = await admin.patch(`/v1/people/${id}`, { disabled: true });
  await house.database.query('alter table evidence_entries_gone rename to evidence_entries');
  expect(status).toBeGreaterThanOrEqual(500);
  const [row] = await house.controlPlane.app
    .get(DataSource)
    .query('select disabled_at from people where id = $1', [id]);
  expect(row.disabled_at).toBeNull();
  await sessionWith(house.controlPlane.url, ada.token).get('/v1/whoami').expect(200);
});
