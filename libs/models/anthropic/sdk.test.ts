/** What Anthropic's own SDK makes of an answer that has passed the gateway. */
import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import type { ResponseShape, ToolVerdict } from '../index.js';
import { answerOf, callBlock, collect, json, mask, pieces, sseOf, streamed, textBlock } from '../testing/anthropic.js';
import { everything, maskingWith } from '../testing/masking.js';

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const bash = { id: 'toolu_1', name: 'Bash' };
const events = answerOf(
  [
    ...textBlock(0, `it is ${ticket.slice(0, 7)}`, `${ticket.slice(7)}, yes.`),
    ...callBlock(1, bash, '{"command":"drop ', 'table x"}'),
  ],
  'tool_use',
);

/** A client whose answers come through the gateway's masking, and wait for a verdict longer than for a ping. */
const clientOf = (body: Buffer, shape: ResponseShape, verdict: ToolVerdict): Anthropic =>
  new Anthropic({
    apiKey: 'ticket',
    maxRetries: 0,
    fetch: async () => {
      const decide = () => new Promise<ToolVerdict>((resolve) => setTimeout(resolve, 20, verdict));
      const answer = mask(pieces(body, 100, 500), maskingWith(everything), { shape, decide, pingMs: 5 });
      return new Response(Uint8Array.from(await collect(answer)), {
        status: shape.status,
        headers: { 'content-type': shape.contentType },
      });
    },
  });

const asked = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hi' }] };
const denied = { outcome: 'deny', text: 'not in production' } as const;

describe('the SDK', () => {
  test('puts a streamed answer together, with its call, after pings', async () => {
    const message = await clientOf(sseOf(events), streamed, { outcome: 'allow' }).messages.stream(asked).finalMessage();
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'text', text: expect.stringMatching(/^it is ⟦SALLYPORT-TICKET:\w{12}⟧, yes\.$/) },
        { type: 'tool_use', ...bash, input: { command: 'drop table x' } },
      ],
      usage: { input_tokens: 10, output_tokens: 42 },
    });
  });

  test('finds a text where a call was denied, and nothing to run', async () => {
    const message = await clientOf(sseOf(events), streamed, denied).messages.stream(asked).finalMessage();
    expect(message).toMatchObject({
      stop_reason: 'end_turn',
      content: [{ type: 'text' }, { type: 'text', text: denied.text }],
    });
  });

  test('reads an answer that is not streamed, after blank space', async () => {
    const body = Buffer.from(
      JSON.stringify({
        id: 'msg_1',
        type: 'message',
        model: 'm',
        content: [{ type: 'tool_use', ...bash, input: { a: ticket } }],
        stop_reason: 'tool_use',
      }),
    );
    const message = await clientOf(body, json, { outcome: 'allow' }).messages.create(asked);
    expect(message.content).toMatchObject([{ input: { a: expect.stringMatching(/^⟦SALLYPORT-TICKET:/) } }]);
  });

  test('knows an error for the one it is', async () => {
    const body = Buffer.from('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');
    const client = clientOf(body, { status: 529, contentType: 'application/json' }, denied);
    await expect(client.messages.create(asked)).rejects.toMatchObject({
      status: 529,
      message: expect.stringContaining('Overloaded'),
    });
  });
});
