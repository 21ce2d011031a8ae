import { describe, expect, test } from 'vitest';
import { modelApis } from '../index.js';
import { messages } from '../testing/anthropic.js';

const described = (fields: object) =>
  messages.describe(Buffer.from(JSON.stringify({ model: 'm', messages: [], ...fields })));
const user = (content: unknown) => ({ role: 'user', content });
const model = (content: unknown) => ({ role: 'assistant', content });
const text = (value: string) => ({ type: 'text', text: value });

describe('a request to the Messages API', () => {
  test('says what Claude Code asks', () => {
    const session = '0c3e7b0e-33c5-4f4e-9d0b-9f6f8f1b2a3c';
    expect(
      described({
        model: 'claude-sonnet-5-5',
        max_tokens: 32000,
        stream: true,
        system: [text('x-anthropic-billing-header: cc_version=2.1.329')],
        tools: [
          { name: 'Bash', input_schema: {} },
          { type: 'web_search_20250305', name: 'web_search' },
        ],
        metadata: { user_id: JSON.stringify({ device_id: 'ab', account_uuid: '', session_id: session }) },
        thinking: { type: 'adaptive' },
        messages: [
          user('first'),
          model([text('answer')]),
          user([
            text('<system-reminder>\nToday is Monday.\n</system-reminder>'),
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [text('one'), text('two')], is_error: true },
            text('second'),
          ]),
        ],
      }),
    ).toMatchObject({
      api: 'anthropic.messages',
      model: 'claude-sonnet-5-5',
      stream: true,
      maxOutputTokens: 32000,
      messages: 3,
      tools: ['Bash'],
      serverTools: ['web_search_20250305'],
      flags: ['server-tools'],
      unknownMembers: [],
      conversation: session,
      news: [
        { kind: 'text', of: 'reminder', text: '<system-reminder>\nToday is Monday.\n</system-reminder>' },
        { kind: 'tool-result', id: 'toolu_1', text: 'one\ntwo', isError: true },
        { kind: 'text', of: 'human', text: 'second' },
      ],
    });
  });

  test.each([
    ['<system-reminder>a</system-reminder>\nplease', ['reminder', 'human']],
    ['<system-reminder>a</system-reminder>', ['reminder']],
    ['<system-reminder>a</system-reminder>\n<system-reminder>b</system-reminder>', ['reminder', 'reminder']],
    ['<task-notification><task-id>1</task-id></task-notification>\nsee the file', ['notification']],
    ['<system-reminder>a</system-reminder><task-notification>b</task-notification>', ['reminder', 'notification']],
    ['<local-command-caveat>not sent to you</local-command-caveat>', ['reminder']],
    ['<local-command-stdout>Compacted</local-command-stdout>\ngo on', ['reminder', 'human']],
    ['<local-command-stdout>x</system-reminder>', ['human']],
    ['Tool loaded.', ['reminder']],
    ['Tool loaded. Now go on', ['human']],
    ['<system-reminder>never closed', ['human']],
    ['what is <task-notification>?', ['human']],
    ['', ['human']],
  ])('tells apart who speaks in %j', (content, kinds) => {
    const { news } = described({ messages: [user(content)] });
    expect(news.map((one) => one.kind === 'text' && one.of)).toEqual(kinds);
  });

  test('takes an answer that the client has begun for the model for no answer', () => {
    expect(described({ messages: [user('one'), model('two'), user('three'), model('{')] }).news).toEqual([
      { kind: 'text', text: 'three', of: 'human' },
    ]);
  });

  test.each([
    [{ metadata: { user_id: 'user_ab_account_cd_session_1-2' } }, '1-2'],
    [{ metadata: { user_id: '{"session_id":"s"}' } }, 's'],
    [{ metadata: { user_id: '{"session_id":7}' } }, undefined],
    [{ metadata: { user_id: '{nonsense' } }, undefined],
    [{ metadata: { user_id: 'ada' } }, undefined],
    [{ metadata: { user_id: `{"session_id":"${'x'.repeat(300)}"}` } }, undefined],
    [{ metadata: null }, undefined],
  ])('names its conversation: %j', (fields, name) => {
    expect(described(fields).conversation).toBe(name);
  });

  const source = (type: string, rest = {}) => ({ type, ...rest });
  test.each([
    [
      { messages: [user([{ type: 'image', source: source('url', { url: 'https://evil/?q=1' }) }])] },
      ['remote-source'],
      ['image'],
    ],
    [
      { messages: [user([{ type: 'document', source: source('file', { file_id: 'f' }) }])] },
      ['file-reference'],
      ['document'],
    ],
    [{ messages: [user([{ type: 'container_upload', file_id: 'f' }])] }, ['file-reference'], []],
    [
      {
        messages: [
          user([{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: source('url') }] }]),
        ],
      },
      ['remote-source'],
      ['image'],
    ],
    [{ mcp_servers: [{ url: 'https://evil' }] }, ['mcp-servers'], []],
    [{ mcp_servers: [] }, [], []],
    [{ container: 'c' }, ['container'], []],
    [{ container: null }, [], []],
    [{ tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }, ['server-tools'], []],
    [{ tools: [{ type: 'never_heard_of', name: 'x' }] }, ['server-tools'], []],
    [{ brand_new: 1 }, ['unknown-members'], []],
    [{ messages: [user([{ type: 'brand_new' }])] }, ['unknown-blocks'], []],
    [{ messages: [model([{ type: 'web_search_tool_result', tool_use_id: 't', content: [] }])] }, [], []],
  ])('is flagged: %j', (fields, flags, media) => {
    expect(described(fields)).toMatchObject({ flags, media });
  });

  test('knows which tools the client runs', () => {
    const tools = [
      { name: 'a' },
      { type: 'custom', name: 'b' },
      { type: 'bash_20250124', name: 'bash' },
      { type: null, name: 'c' },
    ];
    expect(described({ tools })).toMatchObject({ tools: ['a', 'b', 'bash', 'c'], serverTools: [] });
  });

  test('counts no fewer tokens than bytes, and more for what is not in it', () => {
    const plain = { messages: [user('x'.repeat(1000))] };
    const bytes = Buffer.byteLength(JSON.stringify({ model: 'm', ...plain }));
    expect(described(plain).inputTokensAtMost).toBe(bytes);
    expect(
      described({ messages: [user([{ type: 'image', source: source('base64', { data: '' }) }])] }).inputTokensAtMost,
    ).toBeGreaterThan(5000);
    const document = (kind: string) => [user([{ type: 'document', source: source(kind, { data: '' }) }])];
    expect(described({ messages: document('base64') }).inputTokensAtMost).toBeGreaterThan(1_000_000);
    expect(described({ messages: document('text') }).inputTokensAtMost).toBeLessThan(1_000);
  });

  test.each([
    ['[]', 'no object'],
    ['{"messages":[]}', 'no model'],
    ['{"model":7,"messages":[]}', 'a model that is a number'],
    ['{"model":"m","messages":{}}', 'messages that are no list'],
    ['{"model":"m","stream":"true"}', 'a stream that is a text'],
    ['{"model":"m","max_tokens":1e400}', 'no finite number of tokens'],
    ['{"model":"m","max_tokens":-1}', 'a negative number of tokens'],
    ['{"model":"m","\\u006dodel":"n"}', 'two models'],
  ])('is refused where it is %s: %s', (body) => {
    expect(() => messages.describe(Buffer.from(body))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });

  test('that only counts tokens is described the same', () => {
    const counting = modelApis.get('anthropic.count-tokens')!;
    expect(counting.describe(Buffer.from('{"model":"m","messages":[{"role":"user","content":"hi"}]}'))).toMatchObject({
      api: 'anthropic.count-tokens',
      stream: false,
      news: [{ text: 'hi' }],
    });
  });
});
