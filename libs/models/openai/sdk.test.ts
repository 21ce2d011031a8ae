/** What OpenAI's own SDK makes of an answer that has passed the gateway. */
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import type { ModelApi, ToolVerdict } from '../index.js';
import { answered, chunksOf } from '../testing/answers.js';
import { answer, callEvents, callItem, messageEvents, messageItem } from '../testing/responses-events.js';
import { openaiChat, openaiResponses } from './index.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const text = `it is ${key}.`;
const input = '{"command":"drop table patients"}';
const placeholder = /^it is ⟦[A-Z-]+:[0-9a-f]{12}⟧\.$/;

/** A client whose answers come through the gateway's masking, and wait for a verdict longer than for a ping. */
const clientOf = (api: ModelApi, body: string, verdict: ToolVerdict): OpenAI =>
  new OpenAI({
    apiKey: 'ticket',
    maxRetries: 0,
    fetch: async () => {
      const masked = await answered(
        api,
        chunksOf(body, () => 500),
        { decide: () => verdict, pings: 2 },
      );
      return new Response(masked.text, { headers: { 'content-type': 'text/event-stream' } });
    },
  });

describe('the Responses API', () => {
  const body = answer(
    [...messageEvents([...text]), ...callEvents([...input], 1)],
    [messageItem(text), callItem(input)],
  );
  const finalOf = async (verdict: ToolVerdict) => {
    const stream = clientOf(openaiResponses, body, verdict).responses.stream({ model: 'm', input: 'x' });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    return { final: await stream.finalResponse(), types };
  };

  test('a call that is allowed is put together as it was', async () => {
    const { final, types } = await finalOf({ outcome: 'allow' });
    expect(final.output_text).toMatch(placeholder);
    expect(final.output[1]).toMatchObject({ type: 'function_call', call_id: 'call_1', arguments: input });
    expect(types).toContain('keepalive');
  });

  test('a call that is denied is a message, and no call', async () => {
    const { final } = await finalOf({ outcome: 'deny', text: ' Denied: production.' });
    expect(final.output.map(({ type }) => type)).toEqual(['message', 'message']);
    expect(final.output_text).toMatch(/⟧\. Denied: production\.$/);
  });
});

describe('Chat Completions', () => {
  const chunk = (delta: unknown, finish_reason: string | null = null) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  });
  const chunks = [
    chunk({ role: 'assistant', content: '' }),
    ...[...text].map((content) => chunk({ content })),
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'shell', arguments: '' } }] }),
    ...[...input].map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
    chunk({}, 'tool_calls'),
  ];
  const body = [...chunks.map((one) => JSON.stringify(one)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
  const finalOf = async (verdict: ToolVerdict) => {
    const client = clientOf(openaiChat, body, verdict);
    const { choices } = await client.chat.completions.stream({ model: 'm', messages: [] }).finalChatCompletion();
    return choices[0]!;
  };

  test('a call that is allowed is put together as it was', async () => {
    const { message, finish_reason } = await finalOf({ outcome: 'allow' });
    expect([message.content?.match(placeholder) !== null, finish_reason]).toEqual([true, 'tool_calls']);
    expect(message.tool_calls).toMatchObject([{ id: 'call_1', function: { name: 'shell', arguments: input } }]);
  });

  test('a call that is denied is text, and no call', async () => {
    const { message, finish_reason } = await finalOf({ outcome: 'deny', text: 'Denied: production.' });
    expect(message.content).toMatch(/⟧\.\n\nDenied: production\.$/);
    expect([message.tool_calls ?? [], finish_reason]).toEqual([[], 'stop']);
  });
});
