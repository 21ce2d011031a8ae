import { type Facts, type Identity, type PersonId, type Risk, risks } from '@sallyport/core';
import { modelFlags } from '@sallyport/models';
import { describe, expect, test } from 'vitest';
import { createPolicyEngine, type PolicyEngine, packs } from '../index.js';

const ada: Identity = {
  id: 'person-ada' as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: 'ada',
  name: 'ada@example.test',
  groups: ['engineers'],
  roles: ['user'],
};

const plain: Facts = {
  api: 'anthropic.messages',
  model: 'claude',
  stream: true,
  max_tokens: 1_024,
  prompt: 'fix the test',
  prompt_cut: false,
  prompt_kind: 'human',
  tools: ['Bash', 'Read'],
  server_tools: [],
  media: [],
  betas: ['claude-code-20250219'],
  flags: [],
  unknown_members: [],
  messages: 1,
  input_tokens: 100,
};

const bash: Facts = {
  api: 'anthropic.messages',
  model: 'claude',
  tool: 'Bash',
  input: '{"command":"ls"}',
  input_cut: false,
  declared: true,
  by_provider: false,
  command: 'ls',
};

const engines = new Map<string, PolicyEngine>();

function asking(name: string) {
  const engine = engines.get(name) ?? createPolicyEngine();
  if (!engines.has(name)) engine.load(1, packs.find((pack) => pack.name === name)!.text);
  engines.set(name, engine);
  const ask = (action: string, risk: Risk, facts: Facts, protocol: 'aws' | 'anthropic' | 'openai' = 'anthropic') =>
    engine.decide({
      identity: ada,
      connection: { name: 'claude', labels: [], protocol },
      operation: { action, risk, facts },
      assurance: 'identity',
      turn: {},
    });
  return {
    ask,
    request: (risk: Risk, facts: Facts = {}) => ask('model.request', risk, { ...plain, ...facts }),
    tool: (risk: Risk, facts: Facts = {}) => ask('model.tool_call', risk, { ...bash, ...facts }),
  };
}

const names = ['model-guarded', 'model-strict'];
const outOfSight = [
  ['remote-source', 'model-no-remote-sources', 'privilege'],
  ['mcp-servers', 'model-no-provider-mcp', 'privilege'],
  ['container', 'model-no-containers', 'privilege'],
  ['background', 'model-nothing-kept', 'write'],
  ['stored-state', 'model-nothing-kept', 'write'],
  ['file-reference', 'model-no-files', 'write'],
] as const;

describe.each(names)('%s', (name) => {
  const { ask, request, tool } = asking(name);

  test('has no problems, alone or beside packs of other protocols', () => {
    const text = packs.find((pack) => pack.name === name)!.text;
    const others = ['postgres-safe', 'aws-safe'].map((other) => packs.find((pack) => pack.name === other)!.text);
    expect(createPolicyEngine().validate(text)).toEqual([]);
    expect(createPolicyEngine().validate([...others, text].join('\n'))).toEqual([]);
  });

  test('names no flag that no request can carry', () => {
    const text = packs.find((pack) => pack.name === name)!.text;
    const lists = [...text.matchAll(/context\.flags\.contains(?:Any)?\(([^)]*)\)/g)].map(([, list]) => list!);
    const flags = lists.flatMap((list) => [...list.matchAll(/"([^"]+)"/g)].map(([, flag]) => flag!));
    expect(flags.length).toBeGreaterThan(5);
    for (const flag of flags) expect([...Object.keys(modelFlags), 'not-understood']).toContain(flag);
  });

  test('lets sessions start on models of either API, and on nothing else', () => {
    expect(ask('session.connect', 'read', {}).outcome).toBe('allow');
    expect(ask('session.connect', 'read', {}, 'openai').outcome).toBe('allow');
    expect(ask('session.connect', 'read', {}, 'aws').outcome).toBe('deny');
  });

  test('lets a conversation go on, and the client’s own tools run', () => {
    expect(request('read').outcome).toBe('allow');
    expect(request('read', { prompt_kind: 'tool-results', prompt: '' }).outcome).toBe('allow');
    expect(tool('read', { tool: 'Read', command: '' }).outcome).toBe('allow');
    expect(tool('write').outcome).toBe('allow');
  });

  test.each(outOfSight)('refuses %s whatever its risk is taken for', (flag, policy, usual) => {
    for (const risk of ['read', usual] as const)
      expect(request(risk, { flags: [flag] })).toMatchObject({
        outcome: 'deny',
        policies: expect.arrayContaining([policy]) as string[],
        refusal: { code: 'POLICY_DENIED' },
      });
    // What goes by in the company of something that is reviewed is refused all the same.
    expect(request('privilege', { flags: ['server-tools', flag] }).outcome).toBe('deny');
  });

  test('never does what nobody understands, reviewed or not', () => {
    for (const risk of risks.filter((each) => each === 'unknown' || each === 'destructive'))
      expect(request(risk).outcome).toBe('deny');
    expect(request('unknown', { flags: ['not-understood'] }).outcome).toBe('deny');
    expect(request('read', { flags: ['not-understood'] }).outcome).toBe('deny');
  });

  test('stops a tool that was never offered', () => {
    for (const risk of risks)
      expect(tool(risk, { declared: false })).toMatchObject({
        outcome: 'deny',
        policies: ['model-only-offered-tools'],
      });
  });
});

test('model-guarded asks the reviewers about tools that the provider runs; model-strict refuses them', () => {
  const searching = { flags: ['server-tools'], server_tools: ['web_search_20250305'] };
  expect(asking('model-guarded').request('write', searching)).toMatchObject({
    outcome: 'review',
    requirement: { groups: ['reviewers'], onTimeout: 'deny' },
  });
  expect(asking('model-strict').request('write', searching)).toMatchObject({
    outcome: 'deny',
    policies: ['model-no-provider-tools'],
  });
});

test.each([
  ['members that it does not know', { flags: ['unknown-members'], unknown_members: ['new'] }, 'model-known-members'],
  ['blocks that it does not know', { flags: ['unknown-blocks'] }, 'model-known-members'],
  ['words that it does not know', { flags: ['unknown-shape'] }, 'model-known-members'],
  ['a beta that is not listed', { betas: ['claude-code-20250219', 'files-api-2025-04-14'] }, 'model-listed-betas'],
  ['images', { media: ['image'] }, 'model-text-only'],
])('model-guarded takes %s, model-strict does not', (_what, facts, policy) => {
  expect(asking('model-guarded').request('read', facts).outcome).toBe('allow');
  expect(asking('model-strict').request('read', facts)).toMatchObject({ outcome: 'deny', policies: [policy] });
});

test('model-strict takes what Claude Code 2.1.332 asks for', () => {
  const betas =
    'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,thinking-token-count-2026-05-13,advanced-tool-use-2025-11-20,effort-2025-11-24';
  expect(asking('model-strict').request('read', { betas: betas.split(',') })).toMatchObject({ outcome: 'allow' });
});
