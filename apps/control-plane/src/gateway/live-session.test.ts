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

const sessionOn = (way: LiveSessionOptions['way']) => {
  const tunnel = { open: vi.fn(() => Promise.reject(new Error('asked'))), catalogue: () => undefined };
  const session = new LiveSession({
    id: 'session' as SessionId,
    ticket: { identity: {} } as LiveSessionOptions['ticket'],
    connection: { name: 'shop', target: 'shop-db', protocol: 'postgres', databases: [] } as never,
    recorder: { ended: () => Promise.resolve() } as never,
    house: { tunnel, protection: { assertProtected: () => Promise.resolve() } } as unknown as House,
    left: () => undefined,
    ...(way && { way }),
  });
  return { session, tunnel };
};

test('a session that ended while it was reached, or since, says nothing on its way, which is destroyed with it', async () => {
  const way = { write: vi.fn(() => true), destroy: vi.fn(), closed: new Promise<void>(() => undefined) };
  const changed = { target: 'another', databases: [] } as unknown as Parameters<LiveSession['reconnect']>[0];
  const after = sessionOn(Promise.resolve(way as never));
  after.session.reconnect(changed);
  await expect(after.session.open(Buffer.alloc(0))).rejects.toThrow('the connection was changed');

  let reach: (channel: never) => void = () => undefined;
  const meanwhile = sessionOn(new Promise((resolve) => (reach = resolve)));
  const opening = meanwhile.session.open(Buffer.alloc(0));
  meanwhile.session.reconnect(changed);
  await expect(opening).rejects.toThrow('the connection was changed'); // without waiting for the agent
  reach(way as never);

  for (const { session } of [after, meanwhile]) session.close();
  await vi.waitFor(() => expect(way.destroy).toHaveBeenCalledTimes(2));
  expect(way.write).not.toHaveBeenCalled();
  expect(after.tunnel.open).not.toHaveBeenCalled();
});
