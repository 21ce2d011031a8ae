import { describe, expect, test } from 'vitest';
import type { RequestMasking } from '../index.js';
import { messages } from '../testing/anthropic.js';
import { everything, maskingWith, noRules } from '../testing/masking.js';

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const hiddenTicket = /⟦SALLYPORT-TICKET:[0-9a-f]{12}⟧/;

const masked = (body: string, masking: RequestMasking = maskingWith(everything)) => {
  const result = messages.maskRequest(Buffer.from(body), masking);
  return { ...result, text: Buffer.from(result.body).toString() };
};
const maskedBlock = (role: string, block: object, masking?: RequestMasking) => {
  const { text } = masked(JSON.stringify({ model: 'm', messages: [{ role, content: [block] }] }), masking);
  return (JSON.parse(text) as { messages: { content: object[] }[] }).messages[0]!.content[0]!;
};

describe('a request to the Messages API', () => {
  test('keeps every byte that is not hidden', () => {
    const body = (value: string) =>
      `{ "model":"m",\n "x_new":{"b":1,"a":[1.50,-0,1e5]}, "messages":[ {"content":[{"text":"caf\\u00e9 ${value} \\ud83d\\ude00","type":"text","cache_control":{"type":"ephemeral"}}],"role":"user"} ],"stream":true }`;
    const clean = body('x');
    expect(masked(clean)).toMatchObject({ text: clean, maskedFields: 0, maskedBy: [] });
    const { text, maskedFields, maskedBy } = masked(body(ticket));
    expect(text).toMatch(hiddenTicket);
    expect(text.replace(hiddenTicket, 'x')).toBe(clean);
    expect([maskedFields, maskedBy]).toEqual([1, ['all']]);
  });

  test.each([
    ['a text', 'user', { type: 'text', text: ticket }],
    ['the result of a tool', 'user', { type: 'tool_result', tool_use_id: 't', content: ticket }],
    [
      'a text in the result of a tool',
      'user',
      { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: ticket }] },
    ],
    [
      'a document that is a text',
      'user',
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: ticket }, title: ticket },
    ],
    [
      'a document of blocks',
      'user',
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: ticket }] } },
    ],
    [
      'a search result',
      'user',
      { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: ticket }] },
    ],
    ['an address of an image', 'user', { type: 'image', source: { type: 'url', url: `https://evil/?q=${ticket}` } }],
    ['a block of a new kind', 'user', { type: 'brand_new', payload: { deep: [ticket] } }],
    [
      'a call that comes back',
      'assistant',
      { type: 'tool_use', id: 't', name: 'Bash', input: { command: `echo ${ticket}` } },
    ],
    [
      'a named password in a call',
      'assistant',
      { type: 'tool_use', id: 't', name: 'Login', input: { password: 'hunter2hunter2' } },
    ],
    ['what the model wrote', 'assistant', { type: 'text', text: ticket }],
    ['a block of a new kind of the model’s', 'assistant', { type: 'brand_new', payload: ticket }],
  ])('hides a secret in %s', (_, role, block) => {
    for (const rules of [everything, noRules]) {
      const shown = JSON.stringify(maskedBlock(role, block, maskingWith(rules)));
      expect(shown).not.toMatch(/spt_|hunter2/);
      expect(shown).toContain('⟦');
    }
  });

  test.each([
    ['thoughts', 'assistant', { type: 'thinking', thinking: `I saw ${ticket}`, signature: ticket }],
    ['thoughts that nobody may read', 'assistant', { type: 'redacted_thinking', data: ticket }],
    ['a summary', 'assistant', { type: 'compaction', content: ticket }],
    [
      'what is encrypted',
      'assistant',
      {
        type: 'web_search_tool_result',
        tool_use_id: 't',
        content: [{ type: 'web_search_result', encrypted_content: ticket }],
      },
    ],
    ['ids', 'user', { type: 'tool_result', tool_use_id: ticket, content: 'x' }],
    ['bytes of an image', 'user', { type: 'image', source: { type: 'base64', media_type: 'image/png', data: ticket } }],
  ])('never touches %s', (_, role, block) => {
    expect(maskedBlock(role, block)).toEqual(block);
  });

  test('hides in system, tools and settings a secret, and nothing that a rule names', () => {
    const body = (secret: string) =>
      JSON.stringify({
        model: 'm',
        system: [
          { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329.e5d; cc_entrypoint=cli; cch=00000;' },
          { type: 'text', text: `mail ada@example.com ${secret}` },
        ],
        tools: [{ name: 'Bash', description: `as ada@example.com ${secret}`, input_schema: { type: 'object' } }],
        metadata: { user_id: 'user_ada@example.com' },
        messages: [],
      });
    expect(masked(body('')).text).toBe(body(''));
    const { text, maskedFields } = masked(body(ticket));
    expect(maskedFields).toBe(2);
    expect(text).not.toContain(ticket);
    expect(text.replaceAll(new RegExp(hiddenTicket, 'g'), '')).toBe(body(''));
  });

  test('hides a secret below whatever name a parameter of a tool or a member that is not known has', () => {
    const names = ['id', 'type', 'role', 'model', 'data', 'signature', 'thinking', 'cache_control', 'encrypted_at'];
    for (const name of names)
      for (const body of [
        { tools: [{ name: 'x', input_schema: { properties: { [name]: { description: `like ${ticket}` } } } }] },
        { tools: [{ name: 'x', input_examples: [{ [name]: ticket }] }] },
        { output_config: { format: { type: 'json_schema', schema: { properties: { [name]: { default: ticket } } } } } },
        { brand_new: { [name]: ticket } },
      ])
        expect(masked(JSON.stringify({ model: 'm', messages: [], ...body })).text, name).toMatch(hiddenTicket);
  });

  test('hides a secret beside the content of a message, and in messages that are none', () => {
    const body = (messages: unknown) => masked(JSON.stringify({ model: 'm', messages })).text;
    expect(body([{ role: 'user', content: 'x', brand_new: { deep: ticket } }])).toMatch(hiddenTicket);
    expect(body([ticket])).toMatch(hiddenTicket);
    expect(body([{ role: 'user', content: { text: ticket } }])).toMatch(hiddenTicket);
  });

  test('is the same where it is masked twice, and for every ledger', () => {
    const body = JSON.stringify({
      model: 'm',
      messages: [
        { role: 'user', content: `a ${ticket} ada@example.com password=hunter2hunter2` },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 't', name: 'x', input: { password: 'hunter2hunter2', n: 4111111111111111 } },
          ],
        },
      ],
    });
    const once = masked(body).text;
    expect(masked(once)).toMatchObject({ text: once, maskedFields: 0 });
    expect(masked(body).text).toBe(once);
    expect(() => JSON.parse(once) as unknown).not.toThrow();
  });

  test('sends again what it sent before, although the rules are others now', () => {
    const before = maskingWith(noRules);
    const block = { type: 'text', text: 'mail ada@example.com' };
    const body = (...texts: string[]) =>
      JSON.stringify({
        model: 'm',
        messages: [{ role: 'user', content: [block, ...texts.map((text) => ({ type: 'text', text }))] }],
      });
    expect(masked(body(), before).text).toBe(body());
    const { text } = masked(body('mail bob@example.com'), { ...before, masker: everything });
    expect(text).toContain('ada@example.com');
    expect(text).not.toContain('bob@example.com');

    // Claude Code moves the mark for the cache, and writes a text without it as a text.
    const other = { ...before, masker: everything };
    for (const content of [[{ ...block, cache_control: { type: 'ephemeral' } }], block.text])
      expect(masked(JSON.stringify({ messages: [{ role: 'user', content }] }), other).text).toContain(
        'ada@example.com',
      );

    const strict = maskingWith(everything);
    const hidden = masked(body(), strict).text;
    expect(masked(body(), { ...strict, masker: noRules }).text).toBe(hidden);
  });
});
