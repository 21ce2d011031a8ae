import { compileMasking } from '@sallyport/masking';
import { describe, expect, test } from 'vitest';
import type { RequestMasking } from '../index.js';
import { everything, maskingWith, noRules } from '../testing/masking.js';
import { oneOf, seeded, textOfPieces } from '../testing/random.js';
import { openaiChat, openaiResponses } from './index.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const masked = (body: unknown, masking: RequestMasking = maskingWith(noRules), api = openaiResponses) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const result = api.maskRequest(Buffer.from(text), masking);
  return { ...result, text: Buffer.from(result.body).toString() };
};
const user = (text: string) => ({ role: 'user', content: [{ type: 'input_text', text }] });

describe('what is hidden in a request', () => {
  test.each([
    ['a prompt', { input: `use ${key}` }],
    ['instructions', { instructions: `use ${key}`, input: [] }],
    ['a message', { input: [user(key)] }],
    ['a message of the developer', { input: [{ role: 'developer', content: key }] }],
    ['the input of a call', { input: [{ type: 'function_call', arguments: `{"a":"${key}"}` }] }],
    [
      'the input of a call, escaped',
      { input: [{ type: 'function_call', arguments: `{"a":"\\u0041${key.slice(1)}"}` }] },
    ],
    ['a command', { input: [{ type: 'local_shell_call', action: { env: { id: key, type: key } } }] }],
    ['a result', { input: [{ type: 'function_call_output', output: key }] }],
    ['what a shell wrote', { input: [{ type: 'shell_call_output', output: [{ stdout: key }] }] }],
    ['an item that nobody knows', { input: [{ type: 'telepathy', thoughts: [{ deep: key }] }] }],
    ['a member that nobody knows', { input: [], telepathy: { deep: key } }],
    ['what is said of a tool', { input: [], tools: [{ type: 'function', name: 'f', description: key }] }],
    [
      'what is said of an answer',
      { input: [], text: { format: { schema: { properties: { id: { description: key } } } } } },
    ],
    ['the address of an image', { input: [{ role: 'user', content: [{ image_url: `https://a/?key=${key}` }] }] }],
    ['a text that looks like an address', { input: [user(`data: ${key}`)] }],
  ])('%s', (_, body) => {
    const { text, maskedFields, maskedBy } = masked({ model: 'm', ...body });
    expect(text).toMatch(/⟦[A-Z-]+:[0-9a-f]{12}⟧/);
    expect(text).not.toContain(key.slice(1));
    expect([maskedFields > 0, maskedBy]).toEqual([true, ['secrets']]);
    expect(masked(text).text).toBe(text);
  });

  test.each([
    ['thoughts', { input: [{ type: 'reasoning', summary: [{ text: key }], encrypted_content: key }] }],
    ['the bytes of an image', { input: [{ role: 'user', content: [{ image_url: `data:image/png;base64,${key}` }] }] }],
    ['the bytes of a sound', { input: [{ role: 'user', content: [{ input_audio: { data: key, format: 'wav' } }] }] }],
    [
      'the credential of an MCP server',
      { input: [], tools: [{ type: 'mcp', authorization: key, headers: { a: key } }] },
    ],
    ['the schema of a tool', { input: [], tools: [{ type: 'function', parameters: { enum: [key] } }] }],
  ])('and not: %s', (_, body) => {
    const text = JSON.stringify({ model: 'm', ...body });
    expect(masked(text).text).toBe(text);
  });

  test('every other byte stays as it was', () => {
    const body = `{ "model" : "m",\n "input":[ {"role":"user","content":"caf\\u00e9 ${key}\\n\\/"} , {"a":1.50e3}],"x":[]}  `;
    expect(masked(body).text).toMatch(
      /^\{ "model" : "m",\n "input":\[ \{"role":"user","content":"caf\\u00e9 ⟦[^⟧]+⟧\\n\\\/"\} , \{"a":1\.50e3\}\],"x":\[\]\} {2}$/,
    );
    const clean = body.replace(key, 'nothing');
    expect(masked(clean).text).toBe(clean);
  });

  test('in Chat Completions: messages, calls and results', () => {
    const messages = [
      { role: 'system', content: key },
      { role: 'user', content: [{ type: 'text', text: key }] },
      { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: `{"a":"${key}"}` } }] },
      { role: 'tool', tool_call_id: 'c', content: key },
    ];
    const { text, maskedFields } = masked({ model: 'm', messages }, maskingWith(noRules), openaiChat);
    expect(text).not.toContain(key);
    expect(maskedFields).toBe(4);
  });
});

describe('a conversation that goes on', () => {
  test('is sent again as it was, although rules have changed', () => {
    const masking = maskingWith(noRules);
    const first = user('mail ada@example.com');
    const before = masked({ model: 'm', input: [first] }, masking).text;
    const stricter = { ...masking, masker: everything };
    const after = masked({ model: 'm', input: [first, user('and bob@example.com')] }, stricter).text;
    expect(after).toContain(before.slice(before.indexOf('['), -2));
    expect(after).not.toContain('bob@');
    expect(
      masked({ model: 'm', input: [first] }, { ...masking, masker: compileMasking([], { key: new Uint8Array(16) }) })
        .text,
    ).toBe(before);
  });

  test('gives the same placeholders in another place and at another time', () => {
    const placeholder = /⟦[^⟧]+⟧/;
    const [one, other] = [masked({ model: 'm', input: `a ${key}` }), masked({ model: 'm', input: [user(`${key} b`)] })];
    expect(placeholder.exec(one.text)![0]).toBe(placeholder.exec(other.text)![0]);
  });

  test('masking twice is masking once, whatever it holds', () => {
    const random = seeded(20_261_129);
    for (let round = 0; round < 30; round += 1) {
      const text = textOfPieces(random, 6);
      const item = oneOf(random, [
        user(text),
        { type: 'function_call', arguments: JSON.stringify({ command: ['sh', text] }) },
        { type: 'custom_tool_call', input: text },
        { type: 'function_call_output', output: text },
      ]);
      const once = masked({ model: 'm', input: [item] }, maskingWith(everything)).text;
      expect(masked(once, maskingWith(everything)).text).toBe(once);
    }
  });
});
