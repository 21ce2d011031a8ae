import type { ModelRequest, News } from '@sallyport/models';
import { describe, expect, test } from 'vitest';
import { type AskedOfModel, modelOperation, promptKindOf, refusedOperation } from './model-operation.js';

const surface = {
  name: 'anthropic',
  betasOf: (headers: readonly (readonly [string, string])[]) =>
    headers.filter(([name]) => name === 'anthropic-beta').map(([, v]) => v),
  meaningful: ['anthropic-version', 'anthropic-beta'],
} as const;

const request: ModelRequest = {
  api: 'anthropic.messages',
  model: 'claude-sonnet-4-5',
  stream: true,
  maxOutputTokens: 1_024,
  inputTokensAtMost: 300,
  messages: 1,
  news: [
    { kind: 'text', text: '<system-reminder>today is monday</system-reminder>', of: 'reminder' },
    { kind: 'text', text: 'fix the test', of: 'human' },
  ],
  tools: ['Bash', 'Read'],
  serverTools: [],
  media: [],
  unknownMembers: [],
  flags: [],
};

const asked = (over: Partial<AskedOfModel> = {}): AskedOfModel => ({
  surface,
  method: 'POST',
  path: '/v1/messages',
  query: 'beta=true',
  headers: [['anthropic-version', '2023-06-01']],
  id: '',
  request,
  body: Buffer.from('{}'),
  told: { turn: { client: 'claude-code', aiSession: 's' }, isInternal: false },
  ...over,
});

const human = (text: string): News => ({ kind: 'text', text, of: 'human' });

test('a request is described by what is new in it, and by what it may make happen', () => {
  const operation = modelOperation(asked());
  expect(operation).toMatchObject({
    action: 'model.request',
    risk: 'read',
    pure: false,
    resources: ['claude-sonnet-4-5'],
    turn: { client: 'claude-code', aiSession: 's' },
    facts: {
      api: 'anthropic.messages',
      model: 'claude-sonnet-4-5',
      stream: true,
      max_tokens: 1_024,
      prompt: 'fix the test',
      prompt_cut: false,
      prompt_kind: 'human',
      tools: ['Bash', 'Read'],
      messages: 1,
      input_tokens: 300,
    },
  });
  expect(operation.text).toBe('anthropic.messages claude-sonnet-4-5\nhuman: fix the test\ntools: Bash, Read');
});

test('what a reviewer reads has no secret in it, and no half of one that stands where the text is cut', () => {
  const key = 'AKIAIOSFODNN7EXAMPLE';
  for (const before of [0, 16_360, 16_368, 16_375, 16_380]) {
    const prompt = `${'x'.repeat(before)} ${key} and more`;
    const { text } = modelOperation(asked({ request: { ...request, news: [human(prompt)] } }));
    expect(text).not.toContain('AKIA');
  }
});

test('a long prompt is cut where no character is cut, and says so', () => {
  const { facts } = modelOperation(asked({ request: { ...request, news: [human('🙂'.repeat(20_000))] } }));
  expect(facts['prompt_cut']).toBe(true);
  expect(facts['prompt']).toMatch(/^(?:🙂)+…$/u);
});

test('half a surrogate in a prompt does not reach the policy engine', () => {
  const { facts } = modelOperation(asked({ request: { ...request, news: [human('a\ud800b')] } }));
  expect(facts['prompt']).toBe('a\ufffdb');
});

test.each([
  [[], 'read'],
  [['unknown-members', 'unknown-blocks', 'unknown-shape'], 'read'],
  [['server-tools'], 'write'],
  [['stored-state'], 'write'],
  [['file-reference', 'server-tools'], 'write'],
  [['background', 'mcp-servers'], 'privilege'],
  [['remote-source'], 'privilege'],
  [['container'], 'privilege'],
] as const)('with the flags %j its risk is %s', (flags, risk) => {
  expect(modelOperation(asked({ request: { ...request, flags: [...flags] } })).risk).toBe(risk);
});

describe('the kind of a prompt', () => {
  const result: News = { kind: 'tool-result', id: 't', text: 'ok', isError: false };
  const reminder: News = { kind: 'text', text: 'r', of: 'reminder' };
  const notification: News = { kind: 'text', text: 'n', of: 'notification' };
  test.each([
    [[human('a')], false, 'human'],
    [[result, human('stop')], false, 'human'],
    [[notification, human('a')], false, 'human'],
    [[human('a')], true, 'internal'],
    [[notification], false, 'notification'],
    [[reminder, result], false, 'tool-results'],
    [[reminder], false, 'none'],
    [[], true, 'none'],
  ] as const)('of %j is %s', (news, isInternal, kind) => {
    expect(promptKindOf(news, { isInternal })).toBe(kind);
  });
});

describe('the digest', () => {
  const digest = (over: Partial<AskedOfModel>): string => modelOperation(asked(over)).digest;
  const same = digest({});

  test('is the same for the same request made again', () => {
    expect(digest({ told: { turn: { aiSession: 'other' }, isInternal: true } })).toBe(same);
    expect(
      digest({
        headers: [
          ['anthropic-version', '2023-06-01'],
          ['x-stainless-retry-count', '1'],
        ],
      }),
    ).toBe(same);
  });

  test.each([
    ['the body', { body: Buffer.from('{ }') }],
    ['the path', { path: '/v1/messages/count_tokens' }],
    ['the query', { query: '' }],
    [
      'a beta',
      {
        headers: [
          ['anthropic-version', '2023-06-01'],
          ['anthropic-beta', 'x'],
        ],
      },
    ],
    ['the version', { headers: [['anthropic-version', '2024-01-01']] }],
    ['the API', { surface: { ...surface, name: 'openai' } }],
  ] as const)('is another one where %s is', (_what, over) => {
    expect(digest(over as Partial<AskedOfModel>)).not.toBe(same);
  });

  test('cannot be made equal by moving bytes from one part to the next', () => {
    expect(digest({ path: '/v1/messages', query: 'ab' })).not.toBe(digest({ path: '/v1/messagesa', query: 'b' }));
  });
});

test('a list of models is a read, and may overtake its own record', () => {
  const { request: _none, ...list } = asked({
    method: 'GET',
    path: '/v1/models/claude',
    id: 'claude',
    body: Buffer.alloc(0),
  });
  expect(modelOperation(list)).toMatchObject({
    risk: 'read',
    pure: true,
    text: 'GET /v1/models/claude',
    facts: { api: 'anthropic.models', model: 'claude', prompt_kind: 'none' },
  });
});

test('more names than a policy can look at are refused', () => {
  const tools = Array.from({ length: 1_001 }, (_each, at) => `tool${at}`);
  expect(() => modelOperation(asked({ request: { ...request, tools } }))).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
});

test('what was refused before it could be described is on record as something that nobody understands', () => {
  expect(refusedOperation(surface, { method: 'POST', path: '/v1/files', reason: 'no' })).toMatchObject({
    action: 'model.request',
    risk: 'unknown',
    provisional: true,
    text: 'POST /v1/files: no',
    facts: { api: 'anthropic.other', flags: ['not-understood'] },
  });
});
