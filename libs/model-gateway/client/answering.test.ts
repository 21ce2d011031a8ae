import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fakeIncoming } from '../testing/fake-incoming.js';
import { Answering } from './answering.js';

const surface = {
  ping: Buffer.from(': ping\n\n'),
  errorEvent: (body: Buffer, api: string | undefined) =>
    Buffer.from(`event: error\ndata: ${api} ${body.toString()}\n\n`),
  refusal: ({ code }: { readonly code: string }) => ({ status: 403, headers: [], body: Buffer.from(code) }),
};
const events = [['content-type', 'text/event-stream; charset=utf-8']] as const;
const refusal = { code: 'POLICY_DENIED', message: 'no' } as const;

const answering = (patienceMs = 10, pingMs = 10) => {
  const { incoming, answered, leave } = fakeIncoming();
  return { answer: new Answering(incoming, surface, { patienceMs, pingMs, api: 'openai.chat' }), answered, leave };
};

test('an answer that comes in time is passed as it is', async () => {
  const { answer, answered } = answering(40);
  answer.wait();
  answer.head(529, [['content-type', 'application/json']]);
  answer.write(Buffer.from('{"overloaded":true}'));
  answer.end();
  await sleep(60);
  expect(answered).toMatchObject({ status: 529, body: '{"overloaded":true}', ended: true });
  expect(answer.bytes).toBe(0); // an error is no answer that anybody pays for
});

describe('a client that is kept waiting', () => {
  test('hears pings, and then the stream of the model', async () => {
    const { answer, answered } = answering();
    answer.wait();
    await sleep(45);
    expect(answered.status).toBe(200);
    expect(answered.body.match(/: ping/g)!.length).toBeGreaterThanOrEqual(2);
    answer.head(200, events);
    const before = answered.body;
    answer.write(Buffer.from('data: {}\n\n'));
    expect(answer.bytes).toBe(10);
    await sleep(30);
    expect(answered.body).toBe(`${before}data: {}\n\n`);
    answer.end();
    expect(answered.ended).toBe(true);
  });

  test('hears the refusal as an event', async () => {
    const { answer, answered } = answering();
    answer.wait();
    await sleep(30);
    answer.refuse(refusal);
    expect(answered.body).toMatch(/event: error\ndata: openai\.chat POLICY_DENIED\n\n$/);
    expect(answered.ended).toBe(true);
    await sleep(30); // no ping after the end
  });

  test('hears the API’s own error as an event, whatever its status', async () => {
    const { answer, answered } = answering();
    answer.wait();
    await sleep(30);
    answer.head(529, [['content-type', 'application/json']]);
    answer.write(Buffer.from('{"over'));
    answer.write(Buffer.from('loaded":true}'));
    answer.end();
    expect(answered.body).toMatch(/data: openai\.chat \{"overloaded":true\}\n\n$/);
  });

  test.each([0, 300 * 1024])('hears an error of the gateway where the API’s has %d bytes', async (bytes) => {
    const { answer, answered } = answering();
    answer.wait();
    await sleep(30);
    answer.head(500, []);
    if (bytes > 0) answer.write(Buffer.alloc(bytes, 0x61));
    answer.end();
    expect(answered.body).toMatch(/data: openai\.chat RESPONSE_NOT_UNDERSTOOD\n\n$/);
  });

  test('and leaves is not written to', async () => {
    const { answer, answered, leave } = answering();
    answer.wait();
    leave();
    await sleep(30);
    answer.refuse(refusal);
    expect(answered).toMatchObject({ status: 0, body: '' });
  });
});

describe('a refusal', () => {
  test('before anything was said is the answer', () => {
    const { answer, answered } = answering();
    answer.refuse(refusal);
    expect(answered).toMatchObject({ status: 403, body: 'POLICY_DENIED', ended: true });
  });

  test.each(['data: {}\n\n', 'data: {}\r\n\r\n', ''])('between two events is one itself: after %j', (said) => {
    const { answer, answered } = answering();
    answer.head(200, events);
    if (said !== '') answer.write(Buffer.from(said));
    answer.refuse(refusal);
    expect(answered.body).toBe(`${said}event: error\ndata: openai.chat POLICY_DENIED\n\n`);
    expect(answered).toMatchObject({ ended: true, destroyed: false });
  });

  test('between two events is one itself, however the bytes were cut', () => {
    const { answer, answered } = answering();
    answer.head(200, events);
    for (const byte of Buffer.from('data: {}\n\n')) answer.write(Buffer.from([byte]));
    answer.refuse(refusal);
    expect(answered.body).toContain('event: error');
  });

  test.each([
    ['in the middle of an event', events, 'data: {"a'],
    ['in the middle of a JSON answer', [['content-type', 'application/json']] as const, '{"a":1}\n\n'],
  ])('%s breaks the answer off: what was sent must not look like the whole', (_where, headers, said) => {
    const { answer, answered } = answering();
    answer.head(200, headers);
    answer.write(Buffer.from(said));
    answer.refuse(refusal);
    expect(answered).toMatchObject({ body: said, ended: false, destroyed: true });
  });

  test('is told once', () => {
    const { answer, answered } = answering();
    answer.refuse(refusal);
    answer.refuse(refusal);
    expect(answered.body).toBe('POLICY_DENIED');
  });
});
