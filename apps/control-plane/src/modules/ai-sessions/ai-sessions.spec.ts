/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers are JSON of any shape: that it is the right one is what is asserted */
import type { Identity, OperationId } from '@sallyport/core';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Prepared, rowsOf } from '../../platform/index.js';
import { type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { Erasure } from '../evidence/erasure.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { EvidenceAccessModule } from '../evidence/evidence-access.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { AiSessionsModule } from './ai-sessions.module.js';
import { AiSessions } from './ai-sessions.service.js';
import { CallTurns } from './call-turns.service.js';
import { HeardMessages } from './heard-messages.service.js';
import { Prompts } from './prompts.service.js';
import { marksOf } from './told-call.js';
import { ToolCalls } from './tool-calls.service.js';
import { inputOfText, inputOfValue } from './tool-input.js';
import { Turns } from './turns.service.js';

let house: TestControlPlane;
let database: DataSource;
beforeAll(async () => {
  house = await testControlPlane({
    features: [AiSessionsModule, EvidenceModule, EvidenceAccessModule, GrantsModule, IdentityModule],
  });
  database = house.controlPlane.app.get(DataSource);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const get = <T>(type: abstract new (...values: never[]) => T): T => house.controlPlane.app.get(type as never);

let conversations = 0;

/** Somebody with a conversation of his own, told of by the witnesses one after another. */
async function conversation({
  session = `s-${++conversations}`,
  person,
}: {
  session?: string;
  person?: Identity;
} = {}) {
  const identity = person ?? ((await (await house.as(['user'])).get('/v1/whoami').expect(200)).body as Identity);
  const speaker = { identity, client: 'claude-code', clientSession: session };
  const enter: AiSessions['enter'] = (_speaker, work) => get(AiSessions).enter(speaker, work);
  const operation = '00000000-0000-7000-8000-000000000001' as OperationId;
  return {
    identity,
    session,
    typed: (text: string, clientTurn?: string) =>
      enter(speaker, (scene) =>
        get(Prompts).typed(scene, { text, ...(clientTurn === undefined ? {} : { clientTurn }) }),
      ),
    heard: (text: string, more: { request?: OperationId; isNotification?: boolean; clientTurn?: string } = {}) =>
      get(HeardMessages).hear(speaker, { text, isNotification: false, ...more }),
    proposed: (toolUse: string, name: string, text: string) =>
      enter(speaker, async (scene) => {
        const input = inputOfText(text);
        const known = await get(ToolCalls).find(scene.tx, scene.session.id, toolUse);
        const turn = await get(CallTurns).of(scene, { known });
        const telling = {
          event: 'proposed' as const,
          at: scene.at,
          marks: marksOf(scene.personal, input, scene.session.client),
          operation,
        };
        return get(ToolCalls).tell(scene, { toolUse, name, turn, input, telling });
      }),
    asked: (toolUse: string, name: string, value: unknown, clientTurn?: string) =>
      enter(speaker, async (scene) => {
        const input = inputOfValue(value);
        const known = await get(ToolCalls).find(scene.tx, scene.session.id, toolUse);
        const turn = await get(CallTurns).of(scene, { known, clientTurn });
        const telling = {
          event: 'asked' as const,
          at: scene.at,
          marks: marksOf(scene.personal, input, scene.session.client),
        };
        return get(ToolCalls).tell(scene, { toolUse, name, turn, input, telling });
      }),
    stopped: () =>
      enter(speaker, async (scene) => {
        const turn = await get(Turns).current(scene.tx, scene.session.id);
        await get(Turns).end(scene, turn!);
      }),
    row: () => get(AiSessions).find(database, identity.id, 'claude-code', session),
    messages: () =>
      rowsOf<{ client_turn: string; seq: number; kind: string; source: string; confirmed: boolean; expands: number }>(
        database,
        `select t.client_turn, m.seq, m.kind, m.source, m.confirmed_at is not null as confirmed, m.expands
         from ai_turn_messages m join ai_turns t on t.id = m.turn_id join ai_sessions s on s.id = t.ai_session_id
         where s.person_id = $1 and s.client_session = $2 order by t.started_at, t.id, m.seq`,
        [identity.id, session],
      ),
  };
}

const events = async (person: string): Promise<string[]> =>
  (
    await rowsOf<{ event: string }>(
      database,
      `select event from evidence_entries where (key_id = $1 or key_id like $1 || '/%') and event ~ '^(ai-|tool-call)' order by id`,
      [`person:${person}`],
    )
  ).map(({ event }) => event);

describe('a prompt', () => {
  test('is one message, whether one witness tells it or both, and however often', async () => {
    const ada = await conversation();
    await ada.typed('list the orders', 'p-1');
    await ada.typed('list the orders', 'p-1');
    await ada.heard('  list the orders\n');
    await ada.heard('list the orders');
    expect(await ada.messages()).toEqual([
      { client_turn: 'p-1', seq: 1, kind: 'human', source: 'hook', confirmed: true, expands: null },
    ]);
    expect(await events(ada.identity.id)).toEqual(['ai-turn.prompted']);
  });

  test('that is typed while the AI works steers the same turn', async () => {
    const ada = await conversation();
    await ada.typed('list the orders', 'p-1');
    await ada.heard('list the orders');
    await ada.typed('only of this year', 'p-1');
    await ada.heard('only of this year');
    expect(await ada.messages()).toMatchObject([
      { client_turn: 'p-1', seq: 1, kind: 'human', confirmed: true },
      { client_turn: 'p-1', seq: 2, kind: 'steer', confirmed: true },
    ]);
  });

  test('by a slash command is kept as typed and as the model gets it', async () => {
    const ada = await conversation();
    await ada.typed('/review 4711', 'p-1');
    await ada.heard('Look at the pull request. /review 4711 Say what is wrong with it.');
    expect(await ada.messages()).toMatchObject([
      { seq: 1, kind: 'human', source: 'hook', confirmed: true },
      { seq: 2, kind: 'human', source: 'model', expands: 1 },
    ]);
  });

  test('that model traffic shows alone makes a turn, which the hook names when it comes', async () => {
    const ada = await conversation();
    const turn = await ada.heard('list the orders');
    expect(turn).toMatchObject({ clientTurn: 'm:1', named: false });
    expect(await ada.typed('list the orders', 'p-1')).toMatchObject({ id: turn.id, client_turn: 'p-1', named: true });
    expect(await ada.messages()).toMatchObject([{ client_turn: 'p-1', source: 'model', confirmed: true }]);
  });

  test('of the next turn is told from steering by the request that it comes in, where there are no hooks', async () => {
    const ada = await conversation();
    const [first, second] = [
      '00000000-0000-7000-8000-00000000000a',
      '00000000-0000-7000-8000-00000000000b',
    ] as OperationId[];
    await ada.heard('list the orders', { request: first! });
    await ada.proposed('toolu_1', 'Bash', '{"command":"psql -c 1"}');
    await ada.heard('only of this year', { request: second! }); // with the result of the call
    await ada.heard('and sorted', { request: second! });
    expect((await ada.messages()).map(({ client_turn, kind }) => [client_turn, kind])).toEqual([
      ['m:1', 'human'],
      ['m:1', 'steer'],
      ['m:1', 'steer'],
    ]);
  });
});

describe('a notification', () => {
  const told = '<task-notification><tool-use-id>toolu_7</tool-use-id><status>completed</status></task-notification>';

  test('is a turn of its own that knows the turn that had started the task', async () => {
    const ada = await conversation();
    const asked = await ada.typed('watch the build', 'p-1');
    await ada.asked('toolu_7', 'Bash', { command: 'make' }, 'p-1');
    await ada.typed('something else', 'p-2');
    const turn = await ada.typed(told, 'p-3');
    expect(turn).toMatchObject({ client_turn: 'p-3', origin: 'notification', parent_turn_id: asked.id });
    expect((await ada.messages()).at(-1)).toMatchObject({ client_turn: 'p-3', kind: 'notification' });
  });

  test('of a tool call of somebody else has no parent', async () => {
    const [ada, eve] = [await conversation(), await conversation()];
    await ada.typed('watch the build', 'p-1');
    await ada.asked('toolu_7', 'Bash', { command: 'make' }, 'p-1');
    expect(await eve.typed(told, 'p-3')).toMatchObject({ parent_turn_id: null });
  });
});

describe('a tool call', () => {
  test('told by hook and model is one, and both tell the same whatever the order of its members', async () => {
    const ada = await conversation();
    const turn = await ada.typed('count the orders', 'p-1');
    await ada.proposed('toolu_1', 'Bash', '{"command":"psql -c 1","description":"count"}');
    const call = await ada.asked('toolu_1', 'Bash', { description: 'count', command: 'psql -c 1' }, 'p-1');
    expect(call).toMatchObject({ turn_id: turn.id, message_seq: 1, agrees: true, contradicted: false });
    expect(await events(ada.identity.id)).toEqual(['ai-turn.prompted', 'tool-call.proposed', 'tool-call.asked']);
  });

  test('of which hook and model tell different inputs is flagged, in the record too', async () => {
    const ada = await conversation();
    await ada.typed('count the orders', 'p-1');
    await ada.proposed('toolu_1', 'Bash', '{"command":"psql -c 1"}');
    expect(await ada.asked('toolu_1', 'Bash', { command: 'psql -c 2' }, 'p-1')).toMatchObject({ agrees: false });
    expect(house.logged()).toContain('ai-session.witnesses-disagree');
  });

  test('that is told again changes nothing, and with another input contradicts itself', async () => {
    const ada = await conversation();
    await ada.typed('count the orders', 'p-1');
    const first = await ada.asked('toolu_1', 'Bash', { command: 'psql -c 1' }, 'p-1');
    expect(await ada.asked('toolu_1', 'Bash', { command: 'psql -c 1' }, 'p-1')).toEqual(first);
    expect(await events(ada.identity.id)).toEqual(['ai-turn.prompted', 'tool-call.asked']);
    const other = await ada.asked('toolu_1', 'Bash', { command: 'rm -rf /' }, 'p-1');
    expect(other).toMatchObject({ agrees: false, contradicted: true, hook_command_hmac: first.hook_command_hmac });
  });

  test('is found by its command, by nobody else’s session and by no other command', async () => {
    const [ada, eve] = [await conversation({ session: 'same' }), await conversation({ session: 'same' })];
    await ada.typed('count the orders', 'p-1');
    const call = await ada.asked('toolu_1', 'Bash', { command: 'psql -c 1' }, 'p-1');
    await eve.typed('count the orders', 'p-1');
    const found = async (one: typeof ada, command: string) =>
      (await get(ToolCalls).byCommand(database, (await one.row())!, command)).map(({ id }) => id);
    expect(await found(ada, ' psql -c 1\r\n')).toEqual([call.id]);
    expect(await found(ada, 'psql -c 2')).toEqual([]);
    expect(await found(eve, 'psql -c 1')).toEqual([]);
  });

  test('names the turn of which no hook has told a prompt', async () => {
    const ada = await conversation();
    const turn = await ada.heard('count the orders');
    await ada.proposed('toolu_1', 'Bash', '{"command":"psql -c 1"}');
    expect(await ada.asked('toolu_1', 'Bash', { command: 'psql -c 1' }, 'p-9')).toMatchObject({ turn_id: turn.id });
    expect(await ada.messages()).toMatchObject([{ client_turn: 'p-9' }]);
  });

  test('that reads what others wrote makes its turn untrusted', async () => {
    const ada = await conversation();
    await ada.typed('what is new', 'p-1');
    await ada.asked('toolu_1', 'Bash', { command: 'ls' }, 'p-1');
    const turns = () =>
      rowsOf(
        database,
        'select untrusted_by from ai_turns t where ai_session_id = (select id from ai_sessions where person_id = $1)',
        [ada.identity.id],
      );
    expect(await turns()).toEqual([{ untrusted_by: null }]);
    await ada.proposed('toolu_2', 'mcp__wiki__read', '{}');
    expect(await turns()).toEqual([{ untrusted_by: 'mcp__wiki__read' }]);
  });

  test('cannot be told otherwise by who can write to the table', async () => {
    const ada = await conversation();
    await ada.typed('count', 'p-1');
    const { id } = await ada.asked('toolu_1', 'Bash', { command: 'a' }, 'p-1');
    await expect(
      database.query(`update ai_tool_calls set hook_command_hmac = sha256('x') where id = $1`, [id]),
    ).rejects.toMatchObject({ constraint: 'ai_tool_calls_told_once' });
  });
});

test('the same ids of two people are two sessions, turns and calls', async () => {
  const [ada, eve] = [await conversation({ session: 'shared' }), await conversation({ session: 'shared' })];
  await ada.typed('mine', 'p-1');
  await eve.typed('hers', 'p-1');
  const [one, other] = [
    await ada.asked('toolu_1', 'Bash', { command: 'a' }, 'p-1'),
    await eve.asked('toolu_1', 'Bash', { command: 'a' }, 'p-1'),
  ];
  expect(one.ai_session_id).not.toBe(other.ai_session_id);
  expect(one.turn_id).not.toBe(other.turn_id);
  expect(one.hook_command_hmac).not.toEqual(other.hook_command_hmac);
});

test('two witnesses at once make one session, one turn and one call', async () => {
  const ada = await conversation();
  await Promise.all([ada.typed('count', 'p-1'), ada.typed('count', 'p-1'), ada.heard('count')]);
  await Promise.all([
    ada.asked('toolu_1', 'Bash', { command: 'a' }),
    ada.proposed('toolu_1', 'Bash', '{"command":"a"}'),
    ada.asked('toolu_1', 'Bash', { command: 'a' }),
  ]);
  expect(await ada.messages()).toHaveLength(1);
  const session = (await ada.row())!;
  expect(await get(ToolCalls).pending(database, session.id)).toMatchObject([{ agrees: true }]);
});

describe('what model traffic shows of a conversation that is known already', () => {
  test('is one statement', async () => {
    const ada = await conversation();
    await ada.heard('count the orders');
    const asked = vi.spyOn(database, 'query');
    const prepared = vi.spyOn((database.driver as PostgresDriver).master as Pool, 'query');
    const began = vi.spyOn(database, 'transaction');
    await ada.heard('and now delete them');
    // What the control plane does by itself meanwhile is about other tables.
    const texts = [
      ...asked.mock.calls.map(([text]) => text),
      ...prepared.mock.calls.map(([statement]) => (statement as unknown as Prepared).text),
    ];
    const told = texts.filter((text) => /\bai_/.test(text));
    expect(told.map((text) => /\w+(?=\()/.exec(text)![0])).toEqual(['ai_sessions_hear']);
    expect(began).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect((await ada.messages()).map(({ client_turn, seq }) => [client_turn, seq])).toEqual([
      ['m:1', 1],
      ['m:2', 1],
    ]);
  });

  test('is placed by what is true now, whoever has told something of it meanwhile', async () => {
    const ada = await conversation();
    await ada.heard('count the orders');
    await ada.typed('delete them', 'p-2');
    await ada.heard('delete them');
    await database.query('update ai_turns set ended_at = now() where client_turn = $1', ['p-2']);
    await ada.asked('toolu_1', 'Bash', { command: 'ls' }, 'p-2'); // by another replica: its turn goes on
    await ada.heard('only of this year');
    expect(await ada.messages()).toMatchObject([
      { client_turn: 'm:1', seq: 1 },
      { client_turn: 'p-2', seq: 1, source: 'hook', confirmed: true },
      { client_turn: 'p-2', seq: 2, kind: 'steer' },
    ]);
  });

  test('is told once each, however many come at once', async () => {
    const ada = await conversation();
    const request = '00000000-0000-7000-8000-00000000000c' as OperationId;
    const texts = Array.from({ length: 12 }, (_, index) => `part ${index}`);
    await Promise.all(texts.map((text) => ada.heard(text, { request })));
    const messages = await ada.messages();
    expect(new Set(messages.map(({ client_turn }) => client_turn))).toEqual(new Set(['m:1']));
    expect(messages.map(({ seq }) => seq)).toEqual(texts.map((_, index) => index + 1));
    expect(await events(ada.identity.id)).toHaveLength(12);
  });

  test('begins a turn of the next free name where the client uses names like the gateway’s', async () => {
    const ada = await conversation();
    await ada.heard('one', { clientTurn: 'm:7' });
    await ada.stopped();
    await ada.heard('two');
    await ada.stopped();
    await ada.heard('three');
    expect((await ada.messages()).map(({ client_turn }) => client_turn)).toEqual(['m:7', 'm:8', 'm:9']);
  });
});

test('no prompt, no input and no secret stands in the tables or the log in the clear', async () => {
  const ada = await conversation();
  const secret = `AKIA${'Q7ZW2MXR5KJH3VBN'}`;
  await ada.typed(`canary-prompt with ${secret}`, 'p-1');
  await ada.heard('canary-expansion');
  await ada.asked('toolu_1', 'Bash', { command: 'canary-command', key: secret }, 'p-1');
  const tables = ['ai_sessions', 'ai_turns', 'ai_turn_messages', 'ai_tool_calls', 'ai_agents', 'evidence_entries'];
  for (const table of tables) {
    const [row] = await rowsOf<{ text: string }>(
      database,
      `select coalesce(string_agg(t::text, ' '), '') as text from ${table} t`,
    );
    const text = row!.text;
    const plain = Buffer.from('canary').toString('hex');
    expect([table, /canary|AKIA/.test(text) || text.includes(plain)]).toEqual([table, false]);
  }
  expect(house.logged()).not.toMatch(/canary|AKIA/);
});

test('once a person’s key is destroyed nothing of what was said can be read, and nothing more is kept', async () => {
  const ada = await conversation();
  await ada.typed('erase me', 'p-1');
  await get(Erasure).destroy(`person:${ada.identity.id}`, ada.identity, 'asked for it');
  await ada.typed('and me', 'p-2');
  await ada.heard('and me as well');
  await ada.asked('toolu_1', 'Bash', { command: 'me too' }, 'p-2');
  const texts = await rowsOf<{ text: Buffer | null }>(
    database,
    `select m.text from ai_turn_messages m join ai_turns t on t.id = m.turn_id join ai_sessions s on s.id = t.ai_session_id
     where s.person_id = $1 and t.client_turn = 'p-2' union all select input from ai_tool_calls c join ai_sessions s on s.id = c.ai_session_id where s.person_id = $1`,
    [ada.identity.id],
  );
  expect(texts).toEqual([{ text: null }, { text: null }, { text: null }]);
});
