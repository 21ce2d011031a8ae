/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers are JSON of any shape: that it is the right one is what is asserted */
import { Controller, Get, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HealthModule } from '../modules/health/health.module.js';
import { IdentityModule } from '../modules/identity/identity.module.js';
import { TicketsModule } from '../modules/tickets/tickets.module.js';
import { type TestControlPlane, testControlPlane } from '../testing/control-plane.js';
import { KeysPool, Notifications, RecorderPool } from './database/index.js';
import { Drain } from './http/index.js';

let house: TestControlPlane;
beforeAll(async () => {
  house = await testControlPlane({ features: [HealthModule, IdentityModule, TicketsModule] });
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

test('a route that nobody has decided about stops the start-up, and nothing is left running', async () => {
  @Controller('v1/forgotten')
  class ForgottenController {
    @Get()
    read(): string {
      return 'open to everybody';
    }
  }
  @Module({ controllers: [ForgottenController] })
  class ForgottenModule {}

  await expect(testControlPlane({ features: [IdentityModule, ForgottenModule] })).rejects.toThrow(
    'routes with neither @Requires nor @Public: ForgottenController.read',
  );
});

test('draining waits for what is under way, tells load balancers, and then everything is closed', async () => {
  const replica = await house.replica();
  const drain = replica.app.get(Drain);
  let finish: () => void = () => undefined;
  drain.register('test', () => new Promise((resolve) => (finish = resolve)));
  const closing = replica.close();

  const answer = await fetch(`${replica.url}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { status: 'unavailable', problems: { drain: 'going down' } },
  ]);
  finish();
  await closing;
  await expect(fetch(`${replica.url}/healthz`)).rejects.toThrow();
});
