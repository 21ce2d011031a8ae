import type { ServerHttp2Session } from 'node:http2';
import { type AgentId, GatewayError } from '@sallyport/core';
import { type Channel, FrameKind } from '@sallyport/engine';
import { expect, test } from 'vitest';
import type { Grouped } from './grouped.js';
import { frame, next, tunnelWorld, until } from './tunnel.fixture.js';

const megabyte = 1024 * 1024;

/** Writes as fast as it may; stops while the channel says no. */
async function produce(
  channel: Channel,
  kind: FrameKind,
  total: number,
  progress: { sent: number; held: number },
): Promise<void> {
  const body = Buffer.alloc(32 * 1024, 'r');
  while (progress.sent < total) {
    progress.sent += body.length;
    if (channel.write(frame(kind, body))) continue;
    progress.held += 1;
    await channel.drained();
  }
}

test('a client that does not read stops what the agent reads, within a few megabytes', async () => {
  await using world = await tunnelWorld();
  const progress = { sent: 0, held: 0 };
  await world.agent({ serve: (channel) => produce(channel, FrameKind.DATA, 64 * megabyte, progress) });
  const channel = await world.open();

  await standsStill(() => progress.sent);
  const whileStuck = progress.sent;
  let received = 0;
  for await (const { body } of channel.frames) received += body.length;

  expect(progress.held).toBeGreaterThan(0);
  expect(whileStuck).toBeLessThan(6 * megabyte);
  expect(received).toBe(64 * megabyte);
});

test('a target that does not read stops what the client sends, within a few megabytes', async () => {
  await using world = await tunnelWorld();
  let received = 0;
  let read: () => void = () => undefined;
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  await world.agent({
    serve: async (channel) => {
      await reading;
      for await (const { body } of channel.frames) received += body.length;
    },
  });
  const channel = await world.open();
  const progress = { sent: 0, held: 0 };

  const producing = produce(channel, FrameKind.FORWARD, 64 * megabyte, progress);
  await standsStill(() => progress.sent);
  const whileStuck = progress.sent;
  read();
  await producing;
  channel.end();
  await until(() => received === 64 * megabyte);

  expect(progress.held).toBeGreaterThan(0);
  expect(whileStuck).toBeLessThan(8 * megabyte);
});

test('a hundred sessions that nobody reads leave room for one that is read', async () => {
  await using world = await tunnelWorld();
  let sessions = 0;
  await world.agent({
    serve: (channel) => {
      sessions += 1;
      return produce(channel, FrameKind.DATA, (sessions <= 100 ? 64 : 8) * megabyte, { sent: 0, held: 0 }).catch(
        () => undefined,
      );
    },
  });
  const stuck = await Promise.all(Array.from({ length: 100 }, () => world.open({ timeoutMs: 30_000 })));

  const channel = await world.open();
  let received = 0;
  for await (const { body } of channel.frames) received += body.length;

  expect(received).toBe(8 * megabyte);
  expect(process.memoryUsage.rss()).toBeLessThan(2_000 * megabyte);
  for (const each of stuck) each.destroy(new GatewayError('CANCELLED', 'enough'));
});

test('a writer that goes on although it is told no is stopped', async () => {
  await using world = await tunnelWorld();
  await world.agent({ serve: () => new Promise(() => undefined) });
  const channel = await world.open();
  const body = Buffer.alloc(megabyte);

  expect(() => {
    for (let n = 0; n < 100; n += 1) channel.write(frame(FrameKind.FORWARD, body));
  }).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
});

test('small frames share few messages', async () => {
  await using world = await tunnelWorld();
  await world.agent();
  const channel = await world.open();
  const stream = channel['stream' as never] as { write: (bytes: Buffer) => boolean };
  const write = stream.write.bind(stream);
  let messages = 0;
  stream.write = (...all) => {
    messages += 1;
    return write(...all);
  };

  for (let n = 0; n < 1_000; n += 1) channel.write(frame(FrameKind.FORWARD, Buffer.from(String(n))));
  for (let n = 0; n < 1_000; n += 1) await next(channel.frames);

  expect(messages).toBeLessThan(5);
});

async function standsStill(value: () => number): Promise<void> {
  for (let last = -1; last !== value() || last === 0; await new Promise((resolve) => setTimeout(resolve, 300)))
    last = value();
}

test('windows are wide enough for long distances, on both sides', async () => {
  await using world = await tunnelWorld();
  const { id } = await world.agent();
  const { connections } = world.server as unknown as { connections: Grouped<AgentId, ServerHttp2Session> };
  const [connection] = connections.of(id);

  await until(() => (connection?.state.effectiveLocalWindowSize ?? 0) >= 16 * megabyte);
  await until(() => connection?.localSettings.initialWindowSize === megabyte);
  expect(connection?.remoteSettings.initialWindowSize).toBe(2 * megabyte);
});
