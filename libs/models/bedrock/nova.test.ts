import { describe, expect, test } from 'vitest';
import { answered, chunksOf } from '../testing/answers.js';
import { framesAnswered } from '../testing/frames.js';
import { everything, maskingWith } from '../testing/masking.js';
import { chunkOf, documentIn } from './chunks.js';
import type { EventFrame } from './frames.js';
import { invokeApi } from './invoke-api.js';
import { maskNovaFrames } from './nova.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const model = 'eu.amazon.nova-pro-v1:0';
const asked = (text: string) =>
  bytes({
    schemaVersion: 'messages-v1',
    system: [{ text: 'Be brief.' }],
    messages: [{ role: 'user', content: [{ text }] }],
    inferenceConfig: { maxTokens: 77 },
    toolConfig: { tools: [{ toolSpec: { name: 'shell', inputSchema: { json: { type: 'object' } } } }] },
  });
const api = invokeApi({ model, stream: true }, asked('hi'));

test.each([
  ['amazon.nova-lite-v1:0', { messages: [] }, 'bedrock.invoke'],
  ['amazon.nova-canvas-v1:0', { taskType: 'TEXT_IMAGE' }, 'bedrock.other'],
  ['arn:aws:bedrock:eu-west-1:1:application-inference-profile/x', { schemaVersion: 'messages-v1' }, 'bedrock.invoke'],
  ['arn:aws:bedrock:eu-west-1:1:application-inference-profile/x', { anthropic_version: 'v' }, 'bedrock.invoke'],
  ['arn:aws:bedrock:eu-west-1:1:application-inference-profile/x', { prompt: 'v' }, 'bedrock.other'],
  ['us.anthropic.claude-x', { anthropic_version: 'v' }, 'bedrock.invoke'],
  ['anthropic.claude-v2', { prompt: 'v' }, 'bedrock.other'],
  ['meta.llama3', { anthropic_version: 'v', messages: [], prompt: 'v' }, 'bedrock.other'],
  ['mistral.large', { schemaVersion: 'messages-v1', messages: [] }, 'bedrock.other'],
])('a body for %s with %j is read as %s', (name, body, is) => {
  expect(invokeApi({ model: name, stream: false }, bytes(body)).name).toBe(is);
});

describe('Nova within InvokeModel', () => {
  test('is described and masked block by block', () => {
    expect(api.describe(asked('what is new?'))).toMatchObject({
      api: 'bedrock.invoke',
      model,
      stream: true,
      maxOutputTokens: 77,
      tools: ['shell'],
      news: [{ kind: 'text', text: 'what is new?', of: 'human' }],
      unknownMembers: [],
      flags: [],
    });
    const { body } = api.maskRequest(asked(`is it ${key}?`), maskingWith(everything));
    expect(Buffer.from(body).toString()).toMatch(/"text":"is it ⟦[^⟧]+⟧\?"/);
  });

  test('answers whole, with its tool call decided', async () => {
    const toolUse = { toolUseId: 't-1', name: 'shell', input: { command: 'ls' } };
    const answer = {
      output: { message: { role: 'assistant', content: [{ text: `it is ${key}` }, { toolUse }] } },
      stopReason: 'tool_use',
      usage: { inputTokens: 5, outputTokens: 6, cacheReadInputTokenCount: 2 },
    };
    const told = await answered(
      api,
      chunksOf(bytes(answer), () => 9),
      {
        contentType: 'application/json',
        decide: () => ({ outcome: 'deny', text: 'not today' }),
      },
    );
    expect(told.calls).toMatchObject([{ name: 'shell', input: '{"command":"ls"}' }]);
    expect(JSON.parse(told.text)).toMatchObject({
      output: { message: { content: [{ text: expect.stringMatching(/^it is ⟦/) }, { text: 'not today' }] } },
      stopReason: 'end_turn',
    });
    expect(told.answer.usage).toMatchObject({ inputTokens: 5, outputTokens: 6, cacheReadTokens: 2 });
  });

  const chunks = (...events: readonly unknown[]): EventFrame[] => events.map((event) => chunkOf(bytes(event)));
  const input = (text: string) => ({
    contentBlockDelta: { contentBlockIndex: 1, delta: { toolUse: { input: text } } },
  });
  const streamed = chunks(
    { messageStart: { role: 'assistant' } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { text: `it is ${key.slice(0, 8)}` } } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { text: `${key.slice(8)} or so` } } },
    { contentBlockStop: { contentBlockIndex: 0 } },
    { contentBlockStart: { contentBlockIndex: 1, start: { toolUse: { toolUseId: 't-1', name: 'shell' } } } },
    input('{"command":'),
    input('"ls"}'),
    { contentBlockStop: { contentBlockIndex: 1 } },
    { messageStop: { stopReason: 'tool_use' } },
    {
      metadata: { usage: { inputTokens: 5, outputTokens: 6 } },
      'amazon-bedrock-invocationMetrics': { inputTokenCount: 5, outputTokenCount: 6 },
    },
  );
  const said = (frames: readonly EventFrame[]) =>
    frames.map((frame) => JSON.parse(documentIn(frame).toString()) as object);

  test('answers in pieces: frames that nothing is hidden in are the very same', async () => {
    const { frames, calls, answer } = await framesAnswered(maskNovaFrames, streamed, { request: { tools: ['shell'] } });
    expect(calls).toMatchObject([{ id: 't-1', name: 'shell', input: '{"command":"ls"}', declared: true }]);
    const text = said(frames).map(
      (one) => (one as { contentBlockDelta?: { delta: { text?: string } } }).contentBlockDelta?.delta.text ?? '',
    );
    expect(text.join('')).toMatch(/^it is ⟦[^⟧]+⟧ or so$/);
    expect(frames.filter((frame) => streamed.includes(frame))).toHaveLength(8);
    expect(answer).toMatchObject({
      maskedFields: 1,
      stopReason: 'tool_use',
      usage: { inputTokens: 5, outputTokens: 6 },
    });
  });

  test('says why a call was denied, and sends pings of its own meanwhile', async () => {
    const { frames } = await framesAnswered(maskNovaFrames, streamed, {
      pings: 2,
      decide: () => ({ outcome: 'deny', text: 'not today' }),
    });
    const events = said(frames);
    expect(events.filter((event) => 'ping' in event).length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(events)).not.toMatch(/toolUse|shell/);
    expect(events).toContainEqual({ contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'not today' } } });
    expect(events).toContainEqual({ messageStop: { stopReason: 'end_turn' } });
  });

  test.each([[{ generation: 'x' }], [{ messageStart: {}, metadata: {} }], [{ messageStart: {}, more: 'x' }]])(
    'in which %j comes is not understood',
    async (event) => {
      const { error } = await framesAnswered(maskNovaFrames, chunks(event));
      expect(error).toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
    },
  );
});
