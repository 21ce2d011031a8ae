import { GatewayError, type SessionId } from '@sallyport/core';
import { expect, test, vi } from 'vitest';
import type { House } from './house.js';
import { LiveSession, type LiveSessionOptions } from './live-session.js';

test('whether a connection is protected is asked again before an agent is, and nothing is opened where it is not', async () => {
  const unprotected = new GatewayError('CONNECTION_UNPROTECTED', 'not protected');
  const connection = { name: 'shop', target: 'shop-db', protocol: 'postgres' } as LiveSessionOptions['connection'];
  const tunnel = { open: vi.fn(() => Promise.reject(new Error('asked'))), catalogue: () => undefined };
  const assertProtected = vi.fn(() => Promise.reject(unprotected));
  const session = new LiveSession({
    id: 'session' as SessionId,
    ticket: { identity: {} } as LiveSessionOptions['ticket'],
    connection,
    recorder: {} as LiveSessionOptions['recorder'],
    house: { tunnel, protection: { assertProtected } } as unknown as House,
    left: () => undefined,
  });
  await expect(session.open(Buffer.alloc(0))).rejects.toBe(unprotected);
  expect(assertProtected).toHaveBeenCalledWith(connection);
  expect(tunnel.open).not.toHaveBeenCalled();

  assertProtected.mockImplementation(() => Promise.resolve() as never);
  await expect(session.open(Buffer.alloc(0))).rejects.toThrow('asked');
});
