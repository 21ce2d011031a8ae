import { GatewayError } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { type AnswerOptions, answered, chunksOf, isGatewayError, textAt } from '../testing/answers.js';
import { framesAnswered } from '../testing/frames.js';
import { maskingWith, noRules } from '../testing/masking.js';
import type { EventFrame } from './frames.js';
import { bedrockInvoke, maskInvokeFrames } from './invoke.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const api = bedrockInvoke({ model: 'anthropic.claude-x', stream: true });
const version = { anthropic_version: 'bedrock-2023-05-31' };
const body = (more: Record<string, unknown>) => Buffer.from(JSON.stringify({ ...version, max_tokens: 9, ...more }));

const chunk = (event: unknown): EventFrame => ({
  type: 'chunk',
  payload: Buffer.from(JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abc' })),
});
const eventIn = (payload: unknown): unknown => JSON.parse(Buffer.from(textAt(payload, 'bytes'), 'base64').toString());
const delta = (index: number, one: unknown) => chunk({ type: 'content_block_delta', index, delta: one });
const block = (index: number, content_block: unknown, deltas: readonly unknown[]) => [
  chunk({ type: 'content_block_start', index, content_block }),
  ...deltas.map((one) => delta(index, one)),
  chunk({ type: 'content_block_stop', index }),
];
const text = (pieces: readonly string[], index = 0) =>
  block(
    index,
    { type: 'text', text: '' },
    pieces.map((piece) => ({ type: 'text_delta', text: piece })),
  );
const call = (pieces: readonly string[], index = 1) =>
  block(
    index,
    { type: 'tool_use', id: 'toolu_1', name: 'shell', input: {} },
    pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
  );
const whole = (frames: readonly EventFrame[]) => [
  chunk({
    type: 'message_start',
    message: {
      id: 'msg_1',
      role: 'assistant',
      model: 'claude-x',
      content: [],
      usage: { input_tokens: 5, output_tokens: 1 },
    },
  }),
  ...frames,
  chunk({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } }),
  chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 5 } }),
];
const stream = async (frames: readonly EventFrame[], options?: AnswerOptions) => {
  const result = await framesAnswered(maskInvokeFrames, frames, { request: { tools: ['shell'] }, ...options });
  return { ...result, said: result.events.map(([type, payload]) => (type === 'chunk' ? eventIn(payload) : payload)) };
};
const input = '{"command":"drop table patients"}';

describe('what InvokeModel is asked', () => {
  test('the path names the model, the body is the Messages API’s', () => {
    const request = api.describe(body({ messages: [{ role: 'user', content: 'hello' }], tools: [{ name: 'shell' }] }));
    expect(request).toMatchObject({
      api: 'bedrock.invoke',
      model: 'anthropic.claude-x',
      stream: true,
      maxOutputTokens: 9,
      tools: ['shell'],
      news: [{ kind: 'text', text: 'hello', of: 'human' }],
      unknownMembers: [],
    });
    expect(bedrockInvoke({ model: 'm', stream: false }).describe(body({ messages: [] })).stream).toBe(false);
  });

  test('and its secrets are hidden, every other byte the same', () => {
    const masked = (value: Uint8Array) => Buffer.from(api.maskRequest(value, maskingWith(noRules)).body).toString();
    const clean = body({ messages: [{ role: 'user', content: 'hello' }] });
    expect(masked(clean)).toBe(clean.toString());
    expect(masked(body({ messages: [{ role: 'user', content: key }] }))).toMatch(/"content":"⟦[^⟧]+⟧"/);
  });

  test.each(['{"prompt":"x"}', '[]', ''])('%j is none', (other) => {
    expect(() => api.describe(Buffer.from(other))).toThrow(GatewayError);
  });
});

describe('a stream of InvokeModel', () => {
  test('where nothing is hidden is the very same frames', async () => {
    const frames = whole([...text(['All is ', 'well. ']), ...call([...input])]);
    const { frames: passed, calls, answer } = await stream(frames);
    expect(passed.length).toBe(frames.length);
    expect(passed.every((one, index) => one === frames[index])).toBe(true);
    expect(calls).toEqual([{ id: 'toolu_1', name: 'shell', input, byProvider: false, declared: true }]);
    expect(answer).toMatchObject({
      usage: { inputTokens: 5, outputTokens: 7 },
      stopReason: 'tool_use',
      maskedFields: 0,
    });
  });

  test('hides a secret wherever it is cut', async () => {
    const secret = `a ${key} b`;
    for (let cut = 1; cut < secret.length; cut += 1) {
      const { said } = await stream(whole(text([secret.slice(0, cut), secret.slice(cut)])));
      expect(said.map((event) => textAt(event, 'delta', 'text')).join('')).toMatch(/^a ⟦[^⟧]+⟧ b$/);
    }
  });

  test('holds a call until it is decided, with pings of the model’s own', async () => {
    const { said } = await stream(whole(call([...input], 0)), {
      pings: 2,
      decide: () => ({ outcome: 'deny', text: 'not today' }),
    });
    expect(said.slice(1, 3)).toEqual([{ type: 'ping' }, { type: 'ping' }]);
    expect(JSON.stringify(said)).not.toMatch(/drop|tool_use/);
    expect(JSON.stringify(said)).toContain('not today');
  });

  test('that breaks off, or cannot be read, passes nothing of what it held', async () => {
    const begun = whole(call([...input], 0)).slice(0, 5);
    const cut = await stream(begun);
    expect([isGatewayError(cut.error), cut.said.length]).toEqual([true, 1]);
    const exception = { type: 'throttlingException', isException: true, payload: Buffer.from(`{"message":"${key}"}`) };
    const failed = await stream([...begun, exception]);
    expect(failed.events.map(([type]) => type)).toEqual(['chunk', 'throttlingException']);
    expect([JSON.stringify(failed.events).includes(key), failed.answer.errorType]).toEqual([
      false,
      'throttlingException',
    ]);
    expect(failed.error).toBeUndefined();
    for (const payload of [
      '{}',
      '{"bytes":7}',
      '{"bytes":"e30=x"}',
      '{"bytes":"e30"}',
      '{"bytes":"e30=","bytes":"e30="}',
    ]) {
      const { error, frames } = await stream([{ type: 'chunk', payload: Buffer.from(payload) }]);
      expect([isGatewayError(error), frames]).toEqual([true, []]);
    }
  });
});

test('an answer of InvokeModel that comes whole is a message', async () => {
  const message = {
    type: 'message',
    model: 'claude-x',
    content: [{ type: 'text', text: key }],
    stop_reason: 'end_turn',
  };
  const { text: told } = await answered(
    api,
    chunksOf(JSON.stringify(message), () => 9),
    { contentType: 'application/json' },
  );
  expect(told).toMatch(/"text":"⟦[^⟧]+⟧"/);
});
