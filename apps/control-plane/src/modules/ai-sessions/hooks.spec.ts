/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers are JSON of any shape: that it is the right one is what is asserted */
import { gzipSync } from 'node:zlib';
import type { Identity, OperationId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Clock, limits, type Page, RateLimiter } from '../../platform/index.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { Erasure } from '../evidence/erasure.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { EvidenceAccessModule } from '../evidence/evidence-access.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { turnKeyOf } from '../turns/turn-key.js';
import { TurnStates } from '../turns/turn-states.js';
import { WitnessTokensModule } from '../witness-tokens/witness-tokens.module.js';
import type { AiSessionDetail, AiSessionView } from './ai-session-view.js';
import { AiSessionsModule } from './ai-sessions.module.js';
import { ModelWitnesses } from './model-witnesses.service.js';
import { killReasonContext, PersonalTexts } from './personal-texts.js';
import { RefusedCalls } from './refused-calls.service.js';
import { ToolCalls } from './tool-calls.service.js';

let house: TestControlPlane;
let database: DataSource;
beforeAll(async () => {
  house = await testControlPlane({
    features: [
      AiSessionsModule,
      EvidenceModule,
      EvidenceAccessModule,
      GrantsModule,
      IdentityModule,
      PeopleModule,
      WitnessTokensModule,
    ],
  });
  database = house.controlPlane.app.get(DataSource);
});
afterAll(() => house?.[Symbol.asyncDispose]());

let conversations = 0;

/** What Claude Code 2.1 hands to its hooks, as far as every event has it. */
const common = (session: string) => ({
  session_id: session,
  prompt_id: 'prompt-1',
  transcript_path: '/home/ada/.claude/projects/x/canary-path.jsonl',
  cwd: '/home/ada/canary-cwd',
  permission_mode: 'default',
  effort: 'high',
});

async function claude(session?: Session) {
  const login = session ?? (await house.as(['user']));
  const told = common(`session-${++conversations}`);
  const post = (hook_event_name: string, more: object = {}) =>
    login.post('/hooks/claude', { ...told, hook_event_name, ...more }).expect(200);
  const prompt = (text: string, more: object = {}) => post('UserPromptSubmit', { prompt: text, ...more });
  const call = (command: string, more: object = {}) => ({
    tool_name: 'Bash',
    tool_use_id: 'toolu_1',
    tool_input: { command, description: 'x' },
    ...more,
  });
  const detail = async () => {
    const { items } = (await login.get('/v1/ai-sessions').expect(200)).body as Page<AiSessionView>;
    const mine = items.find(({ client_session }) => client_session === told.session_id);
    return (await login.get(`/v1/ai-sessions/${mine!.id}`).expect(200)).body as AiSessionDetail;
  };
  return { login, session: told.session_id, post, prompt, call, detail };
}

const denied = (reason: string | RegExp) => ({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: 'deny',
    permissionDecisionReason: expect.stringMatching(reason),
  },
});

describe('the hooks of Claude Code', () => {
  test('tell a turn from its prompt to its end, and get no opinion', async () => {
    const ada = await claude();
    for (const answer of [
      await ada.prompt('count the orders'),
      await ada.post('PreToolUse', ada.call('psql -c 1')),
      await ada.post('PostToolUse', { ...ada.call('psql -c 1'), tool_response: { stdout: '7' }, duration_ms: 12 }),
      await ada.post('Stop', { stop_hook_active: false }),
      await ada.post('SessionEnd', { reason: 'prompt_input_exit' }),
    ])
      expect(answer.body).toEqual({});
    expect(await ada.detail()).toMatchObject({
      client: 'claude-code',
      client_session: ada.session,
      ended_at: expect.any(String),
      killed: null,
      turns: 1,
      tool_calls: 1,
      disagreements: 0,
      latest_turns: [
        {
          client_turn: 'prompt-1',
          origin: 'human',
          parent: null,
          untrusted_by: null,
          ended_at: expect.any(String),
          messages: [{ seq: 1, kind: 'human', source: 'hook', confirmed: false, text: 'count the orders', bytes: 16 }],
          tool_calls: [
            {
              tool_use_id: 'toolu_1',
              name: 'Bash',
              agent: null,
              message: 1,
              input: '{"command":"psql -c 1","description":"x"}',
              proposed_at: null,
              asked_at: expect.any(String),
              finished_at: expect.any(String),
              outcome: 'done',
              agrees: null,
            },
          ],
        },
      ],
    });
  });

  test('tell steering under the same prompt id: a second message of the same turn', async () => {
    const ada = await claude();
    await ada.prompt('count the orders');
    await ada.post('PreToolUse', ada.call('a'));
    await ada.prompt('only of this year');
    await ada.post('PreToolUse', ada.call('b', { tool_use_id: 'toolu_2' }));
    const { latest_turns } = await ada.detail();
    expect(latest_turns).toMatchObject([
      {
        messages: [
          { seq: 1, kind: 'human' },
          { seq: 2, kind: 'steer' },
        ],
        tool_calls: [{ message: 1 }, { message: 2 }],
      },
    ]);
  });

  test('tell a finished task in a turn of its own, whose parent had started it', async () => {
    const ada = await claude();
    await ada.prompt('watch the build');
    await ada.post('PreToolUse', ada.call('make', { tool_use_id: 'toolu_01Build' }));
    const text =
      '<task-notification>\n<task-id>b1</task-id>\n<tool-use-id>toolu_01Build</tool-use-id>\n</task-notification>';
    await ada.prompt(text, { prompt_id: 'prompt-2' });
    const [notified, asked] = (await ada.detail()).latest_turns;
    expect(notified).toMatchObject({ origin: 'notification', parent: asked!.id, messages: [{ kind: 'notification' }] });
    expect(asked).toMatchObject({ origin: 'human', ended_at: expect.any(String) });
  });

  test('keep the path of sub-agents, which work in the turn that started them', async () => {
    const ada = await claude();
    await ada.prompt('look everywhere');
    await ada.post('SubagentStart', { agent_id: 'agent-a', agent_type: 'Explore' });
    await ada.prompt('something else', { prompt_id: 'prompt-2' });
    await ada.post('PreToolUse', ada.call('ls', { agent_id: 'agent-a', prompt_id: undefined }));
    await ada.post('SubagentStop', { agent_id: 'agent-a' });
    const [later, first] = (await ada.detail()).latest_turns;
    expect(later!.tool_calls).toEqual([]);
    expect(first).toMatchObject({
      client_turn: 'prompt-1',
      tool_calls: [{ agent: 'agent-a', tool_use_id: 'toolu_1' }],
    });
  });

  test.each([
    ['PostToolUseFailure', 'failed'],
    ['PermissionDenied', 'denied'],
  ])('%s ends a call as %s', async (event, outcome) => {
    const ada = await claude();
    await ada.prompt('count');
    await ada.post('PreToolUse', ada.call('a'));
    await ada.post(event, { ...ada.call('a'), error: 'exit 1' });
    expect((await ada.detail()).latest_turns[0]!.tool_calls).toMatchObject([{ outcome }]);
  });

  test('that rewrite a command are found out by what ran', async () => {
    const ada = await claude();
    await ada.prompt('count');
    await ada.post('PreToolUse', ada.call('psql -c 1'));
    await ada.post('PostToolUse', ada.call('X=1 psql -c 1'));
    expect(await ada.detail()).toMatchObject({ disagreements: 1, latest_turns: [{ tool_calls: [{ agrees: false }] }] });
  });

  test('of events and members that nobody here knows are taken, and an older client without prompt ids too', async () => {
    const ada = await claude();
    await ada.post('PreCompact', { trigger: 'auto' });
    await ada.post('BrandNewEvent', { anything: [1] });
    await ada.prompt('count', { prompt_id: undefined, brand_new_member: { deep: true } });
    await ada.post('PreToolUse', ada.call('a', { prompt_id: undefined, mcp_server: { name: 'x', source: 'y' } }));
    await ada.post('ConfigChange', { source: 'user_settings' });
    expect((await ada.detail()).latest_turns).toMatchObject([
      { client_turn: 'm:1', messages: [{ text: 'count' }], tool_calls: [{ tool_use_id: 'toolu_1' }] },
    ]);
  });

  test('that go on after they have told the end take the turn up again; what a sub-agent does then does not', async () => {
    const ada = await claude();
    const isOver = async (): Promise<boolean> => (await ada.detail()).latest_turns[0]!.ended_at !== null;
    await ada.prompt('count');
    await ada.post('Stop');
    expect(await isOver()).toBe(true);
    await ada.post('PreToolUse', ada.call('sleep 9', { agent_id: 'agent-a' }));
    expect(await isOver()).toBe(true);
    await ada.post('PreToolUse', ada.call('a', { tool_use_id: 'toolu_2' }));
    expect(await isOver()).toBe(false);
    await ada.post('Stop', { agent_id: 'agent-a' });
    expect(await isOver()).toBe(false);
    await ada.post('Stop');
    await ada.prompt('count again');
    expect(await isOver()).toBe(false);
  });

  test('that are delivered twice tell it once', async () => {
    const ada = await claude();
    for (let time = 0; time < 2; time += 1) {
      await ada.prompt('count');
      await ada.post('PreToolUse', ada.call('a'));
      await ada.post('PostToolUse', ada.call('a'));
    }
    const { latest_turns } = await ada.detail();
    expect(latest_turns).toMatchObject([{ messages: [{ seq: 1 }], tool_calls: [{ tool_use_id: 'toolu_1' }] }]);
    expect(latest_turns[0]!.messages).toHaveLength(1);
  });
});

test('a tool that reads what others wrote is known to the policies before it runs, under the turn’s later name too', async () => {
  const ada = await claude();
  const states = house.controlPlane.app.get(TurnStates);
  const untrusted = async (turn: string): Promise<boolean | undefined> => {
    const { person } = await ada.detail();
    const key = turnKeyOf(person, { client: 'claude-code', aiSession: ada.session, turn })!;
    await states.load(key);
    return states.soFar(key)?.untrusted;
  };
  await ada.prompt('what is new');
  await ada.post('PreToolUse', ada.call('ls'));
  expect(await untrusted('prompt-1')).toBe(false);
  await ada.post('PreToolUse', {
    tool_name: 'WebFetch',
    tool_use_id: 'toolu_2',
    tool_input: { url: 'https://x.example' },
  });
  expect(await untrusted('prompt-1')).toBe(true);
  expect(await untrusted('prompt-2')).toBe(false);

  const login = ada.login;
  const { body: identity } = await login.get('/v1/whoami');
  const turn = { client: 'claude-code', aiSession: ada.session };
  await ada.post('Stop');
  const seen = { turn, operation: '00000000-0000-7000-8000-000000000001' as OperationId };
  const witnesses = house.controlPlane.app.get(ModelWitnesses);
  const source = { identity: identity as Identity };
  await witnesses.witness(source, { ...seen, kind: 'message', message: { kind: 'human', text: 'and now' } });
  await witnesses.witness(source, { ...seen, kind: 'tool-call', id: 'toolu_3', name: 'mcp__wiki__read', input: '{}' });
  await ada.prompt('and now', { prompt_id: 'prompt-3' });
  expect(await untrusted('prompt-3')).toBe(true);
});

test('the hooks of Codex tell the same under their own names', async () => {
  const ada = await house.as(['user']);
  const told = { session_id: 'thread-1', turn_id: 'turn-1', cwd: '/', model: 'gpt-5' };
  const post = (body: object) => ada.post('/hooks/codex', { ...told, ...body }).expect(200);
  await post({ hook_event_name: 'SessionStart', source: 'startup' });
  await post({ hook_event_name: 'UserPromptSubmit', prompt: 'count' });
  const call = { tool_name: 'Bash', tool_use_id: 'call_1', tool_input: { command: ['bash', '-lc', 'psql -c 1'] } };
  expect((await post({ hook_event_name: 'PreToolUse', ...call })).body).toEqual({});
  const [session] = (await ada.get('/v1/ai-sessions').expect(200)).body.items;
  expect((await ada.get(`/v1/ai-sessions/${session.id}`)).body).toMatchObject({
    client: 'codex',
    latest_turns: [{ client_turn: 'turn-1', tool_calls: [{ tool_use_id: 'call_1' }] }],
  });
});

describe('a call is denied', () => {
  test('in an AI session that was ended, and its prompts are blocked', async () => {
    const ada = await claude();
    await ada.prompt('count');
    const { id, person } = await ada.detail();
    const personal = await house.controlPlane.app.get(PersonalTexts).of(person);
    await database.query('update ai_sessions set killed_at = now(), killed_by = $2, kill_reason = $3 where id = $1', [
      id,
      person,
      personal.seal(killReasonContext(id), 'canary-reason'),
    ]);
    expect((await ada.post('PreToolUse', ada.call('a'))).body).toEqual(denied(/ended by an administrator/));
    expect((await ada.prompt('go on')).body).toMatchObject({ decision: 'block' });
    expect(await ada.detail()).toMatchObject({ killed: { by: person, reason: 'canary-reason' } });
    await expect(database.query('update ai_sessions set killed_at = null, killed_by = null where id = $1', [id]))
      .rejects // the table refuses, too
      .toMatchObject({ constraint: 'ai_sessions_killed_for_good' });
  });

  test('that this gateway has refused in the same turn, under whatever id it comes again, and not in the next turn', async () => {
    const ada = await claude();
    await ada.prompt('tidy up');
    await ada.post('PreToolUse', ada.call('psql -c "drop table orders"'));
    await ada.post('PreToolUse', ada.call('psql -c "select 1"', { tool_use_id: 'toolu_0' }));
    const { person, id: session } = await ada.detail();
    const { app } = house.controlPlane;
    const refuse = (toolCall: string, code: 'POLICY_DENIED' | 'REVIEW_REJECTED', message: string): void => {
      const turn = { client: 'claude-code', aiSession: ada.session, toolCall };
      app.get(RefusedCalls).remember(person, turn, { code, message });
    };
    const refusedAt = async (toolUse: string) =>
      (await app.get(ToolCalls).find(database, session, toolUse))?.refused_at;
    refuse('toolu_0', 'POLICY_DENIED', 'policies may be changed');
    refuse('toolu_1', 'REVIEW_REJECTED', 'a reviewer said no');
    await vi.waitFor(async () => expect(await refusedAt('toolu_1')).toBeInstanceOf(Date));
    expect(await refusedAt('toolu_0')).toBeNull();
    const again = ada.call(' psql -c "drop table orders"', { tool_use_id: 'toolu_2', tool_name: 'Shell' });
    expect((await ada.post('PreToolUse', again)).body).toEqual(denied('a reviewer said no'));
    expect((await ada.post('PreToolUse', ada.call('ls', { tool_use_id: 'toolu_3' }))).body).toEqual({});
    await ada.prompt('really', { prompt_id: 'prompt-2' });
    const next = ada.call('psql -c "drop table orders"', { tool_use_id: 'toolu_4', prompt_id: 'prompt-2' });
    expect((await ada.post('PreToolUse', next)).body).toEqual({});
  });
});

describe('a witness token', () => {
  const issue = async (session: Session): Promise<string> =>
    String((await session.post('/v1/witness-tokens', { client: 'claude-code' }).expect(201)).body.token);

  test('tells hooks as the person that it was issued to, and opens nothing else', async () => {
    const ada = await house.as(['user']);
    const token = await issue(ada);
    expect(token).toMatch(/^spw_[\w-]{43}$/);
    const witness = sessionWith(house.controlPlane.url, token);
    const body = { ...common('by-token'), hook_event_name: 'UserPromptSubmit', prompt: 'count' };
    expect((await witness.post('/hooks/claude', body).expect(200)).body).toEqual({});
    expect((await ada.get('/v1/ai-sessions').expect(200)).body.items).toHaveLength(1);
    await witness.get('/v1/ai-sessions').expect(401);
    await witness.get('/v1/whoami').expect(401);
    await witness.post('/v1/witness-tokens', {}).expect(401);
  });

  test('is kept as a digest, and ends with the login behind it', async () => {
    const ada = await house.as(['user']);
    const token = await issue(ada);
    const rows = await database.query(`select string_agg(t::text, ' ') as text from witness_tokens t`);
    expect(JSON.stringify(rows)).not.toContain(token.slice(4));
    expect(house.logged()).not.toContain(token.slice(4));
    const { id } = (await ada.get('/v1/whoami').expect(200)).body as Identity;
    await (await house.as(['admin'])).delete(`/v1/people/${id}/grants`).expect(204);
    const body = { ...common('s'), hook_event_name: 'UserPromptSubmit', prompt: 'x' };
    expect((await sessionWith(house.controlPlane.url, token).post('/hooks/claude', body)).body.code).toBe(
      'GRANT_ENDED',
    );
  });

  test('that was made up is refused', async () => {
    const forged = sessionWith(house.controlPlane.url, `spw_${'A'.repeat(43)}`);
    await forged.post('/hooks/claude', { ...common('s'), hook_event_name: 'Stop' }).expect(401);
    await house.anonymous
      .post('/hooks/claude')
      .send({ ...common('s'), hook_event_name: 'Stop' })
      .expect(401);
  });
});

describe('a body', () => {
  test('that no client sends is a mistake and not a failure', async () => {
    const ada = await house.as(['user']);
    for (const body of [
      {},
      [],
      { hook_event_name: 'PreToolUse' },
      { ...common('s'), hook_event_name: 'PreToolUse', tool_name: 'Bash' },
      { ...common('s'), hook_event_name: 'UserPromptSubmit', prompt: 7 },
      { ...common('a prompt\nin the place of an id'), hook_event_name: 'Stop' },
      { ...common('x'.repeat(201)), hook_event_name: 'Stop' },
    ])
      expect((await ada.post('/hooks/claude', body).expect(400)).body.code).toBe('INVALID_INPUT');
    await ada.post('/hooks/claude').set('content-type', 'application/json').send('{"canary').expect(400);
  });

  test('of some MiB is kept cut, and compared whole', async () => {
    const ada = await claude();
    await ada.prompt('write it');
    const call = (end: string) => ({
      tool_name: 'Write',
      tool_use_id: 'toolu_1',
      tool_input: { file_path: '/x', content: `${'ä'.repeat(1_500_000)}${end}` },
    });
    await ada.post('PreToolUse', call('1'));
    await ada.post('PostToolUse', call('2'));
    const { input, input_bytes, agrees } = (await ada.detail()).latest_turns[0]!.tool_calls[0]!;
    expect(Buffer.byteLength(input!)).toBeLessThanOrEqual(65_536);
    expect(input_bytes).toBeGreaterThan(3_000_000);
    expect(agrees).toBe(false);
  });

  test('beyond the bound is refused, packed or not', async () => {
    const ada = await house.as(['user']);
    const body = JSON.stringify({ ...common('s'), hook_event_name: 'Stop', filler: ' '.repeat(9 * 1024 * 1024) });
    const send = async (bytes: Uint8Array<ArrayBuffer>, encoding: string): Promise<number> => {
      const headers = { authorization: `Bearer ${ada.token}`, 'content-encoding': encoding };
      return (await fetch(`${house.controlPlane.url}/hooks/claude`, { method: 'POST', body: bytes, headers })).status;
    };
    expect(await send(new Uint8Array(gzipSync(body)), 'gzip')).toBe(413);
    expect(await send(new Uint8Array(Buffer.from(body)), 'identity')).toBe(413);
    const small = JSON.stringify({ ...common('s'), hook_event_name: 'Stop' });
    expect(await send(new Uint8Array(gzipSync(small)), 'gzip')).toBe(200);
  });

  test('of a thousand nested arrays neither fails the server nor is refused', async () => {
    const ada = await claude();
    await ada.prompt('nest');
    const tool_input = JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`) as unknown;
    await ada.post('PreToolUse', { tool_name: 'X', tool_use_id: 'toolu_1', tool_input });
    expect((await ada.detail()).tool_calls).toBe(1);
  });
});

describe('somebody else’s AI session', () => {
  test('is not found by people, and shown to auditors', async () => {
    const [ada, eve, auditor] = [await claude(), await claude(), await house.as(['auditor'])];
    await ada.prompt('mine');
    const { id } = await ada.detail();
    await eve.login.get(`/v1/ai-sessions/${id}`).expect(404);
    expect((await eve.login.get('/v1/ai-sessions').expect(200)).body.items).toEqual([]);
    expect((await auditor.get(`/v1/ai-sessions/${id}`).expect(200)).body.latest_turns[0].messages[0].text).toBe('mine');
    const page = (await auditor.get('/v1/ai-sessions?limit=1').expect(200)).body;
    expect(page.items).toHaveLength(1);
    await auditor.get(`/v1/ai-sessions?limit=1&cursor=${page.next_cursor}`).expect(200);
  });

  test('cannot be told of under its id by another person', async () => {
    const [ada, eve] = [await claude(), await house.as(['user'])];
    await ada.prompt('mine');
    await eve.post('/hooks/claude', {
      ...common(ada.session),
      hook_event_name: 'UserPromptSubmit',
      prompt: 'not mine',
    });
    await eve.post('/hooks/claude', { ...common(ada.session), hook_event_name: 'SessionEnd', reason: 'clear' });
    const detail = await ada.detail();
    expect(detail).toMatchObject({ ended_at: null, latest_turns: [{ messages: [{ text: 'mine' }] }] });
    expect(detail.latest_turns[0]!.messages).toHaveLength(1);
  });
});

test('nothing of what hooks tell is logged, and what they tell of the machine is not kept', async () => {
  const ada = await claude();
  await ada.prompt('canary-prompt');
  await ada.post('PreToolUse', ada.call('canary-command'));
  await ada.login.post('/hooks/claude', { ...common('canary id'), hook_event_name: 'Stop' }).expect(400);
  expect(house.logged()).not.toContain('canary');
  const tables = ['ai_sessions', 'ai_turns', 'ai_turn_messages', 'ai_tool_calls', 'ai_agents'];
  for (const table of tables) {
    const rows = JSON.stringify(await database.query(`select t::text from ${table} t`));
    expect(rows).not.toContain('canary');
  }
});

test('whoever tells too much too fast is asked to pause, and nobody else is, whatever address they come from', async () => {
  const [ada, grace] = [await claude(), await claude(await house.as(['user'], { sub: 'grace' }))];
  const { app } = house.controlPlane;
  const { body } = await ada.login.get('/v1/whoami').expect(200);
  const clock = vi.spyOn(app.get(Clock), 'now').mockReturnValue(new Date());
  try {
    const drain = () => app.get(RateLimiter).take('hook', `identity ${body.id as string}`);
    for (let left = limits.hook.burst; left > 0; left -= 1) drain();
    const told = { ...common(ada.session), hook_event_name: 'Stop' };
    const answer = await ada.login.post('/hooks/claude', told).expect(429);
    expect(answer.body).toMatchObject({ code: 'RATE_LIMITED', details: { retry_after_seconds: 1 } });
    expect(answer.headers['retry-after']).toBe('1');
    await ada.login.post('/hooks/codex', told).expect(429);
    await grace.prompt('hello');
  } finally {
    clock.mockRestore();
  }
});

test('once a person is erased the session is still listed, and no text of it can be read', async () => {
  const ada = await claude();
  await ada.prompt('erase me');
  await ada.post('PreToolUse', ada.call('a'));
  const { person } = await ada.detail();
  const { body: by } = await ada.login.get('/v1/whoami');
  await house.controlPlane.app.get(Erasure).destroy(`person:${person}`, by as Identity, 'asked for it');
  expect(await ada.detail()).toMatchObject({
    turns: 1,
    latest_turns: [{ messages: [{ text: null, bytes: 8 }], tool_calls: [{ input: null }] }],
  });
});
