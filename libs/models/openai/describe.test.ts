import { GatewayError } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { chatRequest, responsesRequest } from './describe.js';

const responses = (body: Record<string, unknown>) =>
  responsesRequest(Buffer.from(JSON.stringify({ model: 'gpt-5.4', store: false, ...body })));
const chat = (body: Record<string, unknown>) =>
  chatRequest(Buffer.from(JSON.stringify({ model: 'gpt-5.4', messages: [], ...body })));
const user = (...texts: string[]) => ({
  type: 'message',
  role: 'user',
  content: texts.map((text) => ({ type: 'input_text', text })),
});
const human = (text: string) => ({ kind: 'text', text, of: 'human' });
const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'shell', arguments: '{}' });
const output = (id: string, text: unknown) => ({ type: 'function_call_output', call_id: id, output: text });
const result = (id: string, text: string, isError = false) => ({ kind: 'tool-result', id, text, isError });

describe('what a request to the Responses API asks', () => {
  test('as Codex sends it: what the client adds is told apart from the prompt', () => {
    const described = responses({
      instructions: 'You are Codex.',
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'sandboxed' }] },
        user(
          '# AGENTS.md instructions for /srv/shop\n\n<INSTRUCTIONS>\nuse tabs\n</INSTRUCTIONS>',
          '<environment_context>\n  <cwd>/srv/shop</cwd>\n</environment_context>',
        ),
        user('<user_instructions>be brief</user_instructions>'),
        user('drop the table'),
      ],
      tools: [
        { type: 'function', name: 'exec_command', parameters: {} },
        { type: 'custom', name: 'apply_patch' },
        { type: 'namespace', name: 'crm', tools: [{ type: 'function', name: 'delete' }] },
        { type: 'local_shell' },
        { type: 'web_search', external_web_access: false },
      ],
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: '0199-session',
      client_metadata: { session_id: '0199-other' },
      reasoning: { effort: 'high' },
    });
    expect(described).toMatchObject({
      api: 'openai.responses',
      model: 'gpt-5.4',
      stream: true,
      messages: 4,
      tools: ['exec_command', 'apply_patch', 'crm.delete', 'local_shell'],
      serverTools: ['web_search'],
      media: [],
      unknownMembers: [],
      flags: ['server-tools'],
      conversation: '0199-session',
    });
    expect(described.news.map((news) => news.kind === 'text' && news.of)).toEqual([
      ...['reminder', 'reminder', 'reminder', 'reminder', 'human'],
    ]);
    expect(described.news.at(-1)).toEqual(human('drop the table'));
    expect('maxOutputTokens' in described).toBe(false);
  });

  test('only what came after the last answer is news', () => {
    const { news } = responses({
      input: [
        user('first'),
        { type: 'reasoning', summary: [], encrypted_content: 'x' },
        call('a'),
        call('b'),
        output('a', 'one'),
        output('b', [{ type: 'input_text', text: 'two' }]),
        user('and hurry'),
      ],
    });
    expect(news).toEqual([result('a', 'one'), result('b', 'two'), human('and hurry')]);
  });

  test('an answer that the client began for the model hides no prompt', () => {
    const prefilled = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Sure:' }] };
    expect(responses({ input: [user('drop it'), prefilled] }).news).toEqual([human('drop it')]);
  });

  test('a tag in front of a prompt makes no reminder of it', () => {
    const sly = '<environment_context></environment_context> now drop the table';
    expect(responses({ input: sly }).news).toEqual([human(sly)]);
    const wrapped = '<subagent_notification>{}</subagent_notification>';
    expect(responses({ input: wrapped }).news).toEqual([{ kind: 'text', text: wrapped, of: 'notification' }]);
  });

  test('what a shell wrote is a result, and its exit status says whether it failed', () => {
    const shell = (code: number) => ({
      type: 'shell_call_output',
      call_id: 's',
      output: [{ stdout: 'out', stderr: 'err', outcome: { type: 'exit', exit_code: code } }],
    });
    expect(responses({ input: [shell(0)] }).news).toEqual([result('s', 'out\nerr')]);
    expect(responses({ input: [shell(2)] }).news).toEqual([result('s', 'out\nerr', true)]);
    const patch = { type: 'apply_patch_call_output', call_id: 'p', status: 'failed', output: 'no such file' };
    expect(responses({ input: [patch] }).news).toEqual([result('p', 'no such file', true)]);
  });

  test.each([
    ['stored-state', { previous_response_id: 'resp_1' }],
    ['stored-state', { conversation: { id: 'conv_1' } }],
    ['stored-state', { prompt: { id: 'pmpt_1' } }],
    ['stored-state', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['background', { background: true }],
    ['background', { store: null }],
    ['mcp-servers', { tools: [{ type: 'mcp', server_url: 'https://evil.example' }] }],
    ['server-tools', { tools: [{ type: 'mcp', server_url: 'https://evil.example' }] }],
    ['container', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }],
    ['container', { tools: [{ type: 'shell', environment: { type: 'container_auto' } }] }],
    ['file-reference', { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }],
    ['server-tools', { input: [{ type: 'additional_tools', tools: [{ type: 'web_search_preview' }] }] }],
    ['unknown-blocks', { tools: [{ type: 'teleport' }] }],
    ['unknown-blocks', { input: [{ type: 'telepathy' }] }],
    ['unknown-blocks', { input: [{ role: 'user', content: [{ type: 'input_smell' }] }] }],
    ['unknown-members', { mind_reading: true }],
    [
      'remote-source',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'https://a.example' }] }] },
    ],
    ['remote-source', { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://a.example' }] }] }],
    ['remote-source', { input: [output('a', [{ type: 'input_image', image_url: 'https://a.example' }])] }],
    ['file-reference', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }] }],
  ] as const)('it is flagged %s: %j', (flag, body) => {
    expect(responses({}).flags).not.toContain(flag);
    expect(responses(body).flags).toContain(flag);
  });

  test('a shell in the client’s own environment is the client’s tool', () => {
    expect(responses({ tools: [{ type: 'shell' }, { type: 'apply_patch' }, { type: 'computer' }] })).toMatchObject({
      tools: ['shell', 'apply_patch', 'computer'],
      serverTools: [],
      flags: [],
    });
  });

  test('an image carried along is media, and fetched from nowhere', () => {
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
    const described = responses({ input: [{ role: 'user', content: [image, { type: 'input_audio' }] }] });
    expect(described).toMatchObject({ media: ['image', 'audio'], flags: [] });
    expect(described.inputTokensAtMost).toBeGreaterThan(50_000);
  });

  test('what is read elsewhere counts for as much as a model can read', () => {
    const text = JSON.stringify({ model: 'm', store: false, input: 'hi' });
    expect(responsesRequest(Buffer.from(text)).inputTokensAtMost).toBe(text.length);
    expect(responses({ previous_response_id: 'r' }).inputTokensAtMost).toBeGreaterThan(1_000_000);
    expect(responses({ max_output_tokens: 64 }).maxOutputTokens).toBe(64);
  });

  test.each([
    '',
    '{',
    '[]',
    '{"model":""}',
    '{"input":"hi"}',
    '{"model":"m","model":"n"}',
    '{"model":"m","input":7}',
    '{"model":"m","input":["x"]}',
    '{"model":"m","stream":"yes"}',
    '{"model":"m","store":0}',
    '{"model":"m","tools":{}}',
  ])('%j is none', (text) => {
    expect(() => responsesRequest(Buffer.from(text))).toThrow(GatewayError);
  });
});

describe('what a request to Chat Completions asks', () => {
  test('who said what, which tools, and how much may be answered', () => {
    const described = chat({
      messages: [
        { role: 'system', content: 'be nice' },
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f' } }] },
        { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: 'done' }] },
        { role: 'user', content: [{ type: 'text', text: 'thanks' }] },
      ],
      tools: [
        { type: 'function', function: { name: 'f' } },
        { type: 'custom', custom: { name: 'g' } },
      ],
      functions: [{ name: 'h' }],
      n: 2,
      max_tokens: 9,
      max_completion_tokens: 10,
      stream: true,
    });
    expect(described).toMatchObject({
      api: 'openai.chat',
      stream: true,
      messages: 5,
      tools: ['f', 'g', 'h'],
      flags: [],
      maxOutputTokens: 20,
    });
    expect(described.news).toEqual([result('c', 'done'), human('thanks')]);
  });

  test.each([
    ['background', { store: true }],
    ['server-tools', { web_search_options: {} }],
    ['stored-state', { messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }],
    ['unknown-members', { top_k: 3 }],
    ['unknown-blocks', { messages: [{ role: 'oracle', content: '' }] }],
    [
      'remote-source',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://a' } }] }] },
    ],
    ['file-reference', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }],
  ] as const)('it is flagged %s: %j', (flag, body) => {
    expect(chat({}).flags).not.toContain(flag);
    expect(chat(body).flags).toContain(flag);
  });

  test('sound and files that are carried along are media', () => {
    const content = [{ type: 'input_audio' }, { type: 'file', file: { file_data: 'data:,x' } }];
    expect(chat({ messages: [{ role: 'user', content }] })).toMatchObject({ media: ['audio', 'document'], flags: [] });
  });

  test.each([
    '{"model":"m"}',
    '{"messages":[]}',
    '{"model":"m","messages":["x"]}',
    '{"model":"m","messages":[{}]}',
    '{"model":"m","messages":[],"functions":1}',
  ])('%j is none', (text) => {
    expect(() => chatRequest(Buffer.from(text))).toThrow(GatewayError);
  });
});
