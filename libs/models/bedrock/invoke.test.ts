import { describe, expect, test } from 'vitest';
import type { ToolVerdict } from '../index.js';
import { answerOf, callBlock, clientOf, request, sseOf, textBlock } from '../testing/anthropic.js';
import { everything, maskingWith } from '../testing/masking.js';
import type { EventFrame } from './frames.js';
import { bedrockInvoke, maskInvokeFrames } from './invoke.js';

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const api = bedrockInvoke({ model: 'anthropic.claude-x', stream: true });
const refused = expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' });

const frame = (event: object): EventFrame => ({
  type: 'chunk',
  payload: Buffer.from(JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcdef' })),
});
const eventOf = ({ payload }: EventFrame) =>
  JSON.parse(
    Buffer.from((JSON.parse(Buffer.from(payload).toString()) as { bytes: string }).bytes, 'base64').toString(),
  ) as Record<string, unknown>;

const passed = async (frames: readonly EventFrame[], verdict: ToolVerdict = { outcome: 'allow' }) => {
  const body = async function* () {
    yield* frames;
  };
  const { frames: out, answer } = maskInvokeFrames(body(), {
    ...maskingWith(everything),
    request: request(),
    decide: async () => verdict,
    pingMs: 60_000,
    signal: new AbortController().signal,
  });
  const all: EventFrame[] = [];
  for await (const one of out) all.push(one);
  return { all, answer };
};
const bash = { id: 'toolu_1', name: 'Bash' };
const events = answerOf(
  [...textBlock(0, 'Done. ', ticket.slice(0, 8), `${ticket.slice(8)} `), ...callBlock(1, bash, '{"a":1}')],
  'tool_use',
);

describe('a model that Bedrock invokes', () => {
  test('is described by its path, and masked as the Messages API is', () => {
    const body = Buffer.from(
      JSON.stringify({
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 9,
        messages: [{ role: 'user', content: ticket }],
      }),
    );
    expect(api.describe(body)).toMatchObject({
      api: 'bedrock.invoke',
      model: 'anthropic.claude-x',
      stream: true,
      maxOutputTokens: 9,
      unknownMembers: [],
    });
    expect(Buffer.from(api.maskRequest(body, maskingWith(everything)).body).toString()).not.toContain('spt_');
  });

  test('of a family that nobody here knows is refused', () => {
    expect(() => api.describe(Buffer.from('{"inputText":"hi"}'))).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
  });

  test('answers in frames, the very ones that came where nothing is hidden', async () => {
    const frames = events.map(frame);
    const { all, answer } = await passed(frames);
    const { blocks, stopReason } = clientOf(sseOf(all.map(eventOf)));
    expect(blocks).toMatchObject([
      { text: expect.stringMatching(/^Done\. ⟦SALLYPORT-TICKET:\w{12}⟧ $/) },
      { input: '{"a":1}' },
    ]);
    expect(stopReason).toBe('tool_use');
    expect(all.filter((one) => frames.includes(one)).length).toBeGreaterThan(8);
    expect(answer).toMatchObject({ maskedFields: 1, usage: { outputTokens: 42 } });
  });

  test('has a text for a call that is denied', async () => {
    const { all } = await passed(events.map(frame), { outcome: 'deny', text: 'no' });
    expect(clientOf(sseOf(all.map(eventOf)))).toMatchObject({
      blocks: [{}, { type: 'text', text: 'no' }],
      stopReason: 'end_turn',
    });
  });

  test('that fails says so, and loses what was held back', async () => {
    const exception = {
      type: 'throttlingException',
      isException: true,
      payload: Buffer.from(`{"message":"slow down ${ticket}"}`),
    };
    const { all, answer } = await passed([...events.slice(0, 5).map(frame), exception]);
    expect(Buffer.from(all.at(-1)!.payload).toString()).toMatch(/^\{"message":"slow down ⟦/);
    expect(answer.errorType).toBe('throttlingException');
    expect(JSON.stringify(all.slice(0, -1).map(eventOf))).not.toContain('spt_');
  });

  test.each([
    ['is cut off', events.slice(0, -1).map(frame)],
    ['carries no bytes', [{ type: 'chunk', payload: Buffer.from('{"p":"x"}') }]],
    ['carries no JSON', [{ type: 'chunk', payload: Buffer.from('{"bytes":"aGVsbG8="}') }]],
  ])('whose answer %s is not understood', async (_, frames) => {
    await expect(passed(frames)).rejects.toThrow(refused);
  });
});
