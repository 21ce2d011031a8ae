import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GatewayError } from '@sallyport/core';
import { type Frame, FrameKind } from '@sallyport/engine';
import { expect, test } from 'vitest';
import { Inbox } from './inbox.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const frame = (exchange: number, bytes = 1): Frame => ({
  kind: FrameKind.DATA,
  exchange,
  head: Buffer.alloc(0),
  body: Buffer.alloc(bytes),
});

function held() {
  const calls: string[] = [];
  const inbox = new Inbox({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
  return { inbox, calls, frames: inbox[Symbol.asyncIterator]() };
}

const exchangeOf = async (next: Promise<IteratorResult<Frame>>): Promise<number> =>
  ((await next) as { value: Frame }).value.exchange;

test('a reader who never catches up gets all frames in order, and what he has read is let go', async () => {
  const { inbox, frames } = held();
  const pulled: WeakRef<Frame>[] = [];
  inbox.push([frame(0)]);
  for (let at = 1; at <= 1000; at += 1) {
    const next = frame(at);
    if (at <= 900) pulled.push(new WeakRef(next));
    inbox.push([next]);
    expect(await exchangeOf(frames.next())).toBe(at - 1);
  }

  await turn();
  collectGarbage();

  expect(pulled.filter((ref) => ref.deref() !== undefined)).toEqual([]);
});

test('the sender is held back above a bound, and let on once half of it has been read', async () => {
  const { inbox, calls, frames } = held();

  inbox.push([0, 1, 2, 3, 4].map((exchange) => frame(exchange, 64 * 1024)));
  expect(calls).toEqual(['pause']);
  for (const exchange of [0, 1, 2]) expect(await exchangeOf(frames.next())).toBe(exchange);
  expect(calls).toEqual(['pause']);
  await frames.next();

  expect(calls).toEqual(['pause', 'resume']);
});

test.each([
  ['is read first', false, 7],
  ['is dropped where it must be', true, undefined],
])('what had arrived before the other end broke %s', async (_what, now, first) => {
  const { inbox, frames } = held();
  inbox.push([frame(7)]);

  inbox.break(new GatewayError('AGENT_LOST', 'gone'), now);

  if (first !== undefined) expect(await exchangeOf(frames.next())).toBe(first);
  await expect(frames.next()).rejects.toMatchObject({ code: 'AGENT_LOST' });
});
