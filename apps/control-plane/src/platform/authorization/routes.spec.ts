/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers are JSON of any shape: that it is the right one is what is asserted */
import { type Role, roles } from '@sallyport/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { may, RouteInventory } from './index.js';

let house: TestControlPlane;
beforeAll(async () => {
  house = await testControlPlane();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const row = (cells: readonly string[]): string => cells.join(' ').trimEnd();

test('who may call which route is what is checked in', async () => {
  const routes = house.controlPlane.app.get(RouteInventory).routes();
  const lines = routes.map(({ method, path, access }) =>
    row([
      method.padEnd(7),
      path.padEnd(44),
      access.padEnd(24),
      ...roles.map((role) => (access === 'public' || may({ roles: [role] }, access) ? '✔' : '✘').padEnd(8)),
    ]),
  );
  const header = row(['METHOD ', 'ROUTE'.padEnd(44), 'PERMISSION'.padEnd(24), ...roles.map((role) => role.padEnd(8))]);
  await expect(`${[header, ...lines].join('\n')}\n`).toMatchFileSnapshot('./routes.golden.txt');
});

test('every route answers each role as the table says, and nobody without a login', async () => {
  const routes = house.controlPlane.app.get(RouteInventory).routes();
  const wrong: string[] = [];
  for (const role of [...roles, undefined] as (Role | undefined)[]) {
    const session = role === undefined ? undefined : await house.as([role]);
    for (const { method, path, access } of routes) {
      if (access === 'public') continue;
      const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
      const address = path.replace(/:\w+/g, '00000000-0000-7000-8000-000000000000');
      if (address === '/auth/logout') continue; // it would end the login that asks
      const { status, body } =
        session === undefined ? await house.anonymous[verb](address) : await session[verb](address);
      const refused = status === 403 && String(body.detail).startsWith('you may not do this: it needs the permission');
      const expected = role === undefined ? status === 401 : refused !== may({ roles: [role] }, access);
      if (!expected) wrong.push(`${role ?? 'nobody'}: ${method} ${path} → ${status}`);
    }
  }
  expect(wrong).toEqual([]);
});
