/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestControlPlane, testControlPlane } from '../testing/control-plane.js';
import { KeysPool, Notifications, RecorderPool } from './database/index.js';

let house: TestControlPlane;
beforeAll(async () => {
  house = await testControlPlane();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('each pool works as a role of its own, never as the login role', async () => {
  const { app } = house.controlPlane;
  const question = 'select current_user as name';

  expect(await app.get(DataSource).query(question)).toEqual([{ name: 'sallyport_app' }]);
  expect((await app.get(RecorderPool).query(question)).rows).toEqual([{ name: 'sallyport_recorder' }]);
  expect((await app.get(KeysPool).query(question)).rows).toEqual([{ name: 'sallyport_keys' }]);
});

test('health, readiness, metrics and the API document are there without a login', async () => {
  await house.anonymous.get('/healthz').expect(200, { status: 'ok' });
  await house.anonymous.get('/readyz').expect(200, { status: 'ok' });
  expect((await house.anonymous.get('/metrics').expect(200)).text).toContain('process_cpu_seconds_total');
  expect((await house.anonymous.get('/v1/openapi.json').expect(200)).body.paths).toHaveProperty('/v1/tickets');
  expect(house.controlPlane.app.get(Notifications).connected).toBe(true);
});
