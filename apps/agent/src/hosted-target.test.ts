import { GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import type { TargetConfig } from './config/target-config.js';
import { HostedTarget } from './hosted-target.js';

test('a credential that cannot be had is in the agent’s log, with its target, and the protocol hears of it', async () => {
  const failure = new GatewayError('CREDENTIAL_UNAVAILABLE', 'no', { details: { path: '/p' } });
  const logged: unknown[] = [];
  const { target } = new HostedTarget({
    config: { alias: 'orders', host: 'h', port: 1, settings: {}, masking: [] } as unknown as TargetConfig,
    side: {} as never,
    credentials: { read: () => Promise.reject(failure) },
    maskingKey: new Uint8Array(32),
    published: () => undefined,
    checked: () => undefined,
    log: (...line) => logged.push(line),
  });

  await expect(target.credential()).rejects.toBe(failure);
  expect(logged).toEqual([['credential.failed', { target: 'orders', error: failure }]]);
});
