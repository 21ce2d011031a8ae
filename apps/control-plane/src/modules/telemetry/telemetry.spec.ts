import { gzipSync } from 'node:zlib';
import type { OperationId, TurnContext } from '@sallyport/core';
import type supertest from 'supertest';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from '../../platform/index.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import type { AiSessionDetail, AiSessionView } from '../ai-sessions/ai-session-view.js';
import { AiSessionsModule } from '../ai-sessions/ai-sessions.module.js';
import { ModelWitnesses } from '../ai-sessions/model-witnesses.service.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { WitnessTokensModule } from '../witness-tokens/witness-tokens.module.js';
import { TelemetryModule } from './telemetry.module.js';
import { type LogOf, logs, traces } from './testing/claude-telemetry.js';
import { otlpProtobuf, readAnswer } from './testing/otlp-protobuf.js';

let house: TestControlPlane;
let database: DataSource;
beforeAll(async () => {
  house = await testControlPlane({
    features: [
      AiSessionsModule,
      EvidenceModule,
      GrantsModule,
      IdentityModule,
      PeopleModule,
      TelemetryModule,
      WitnessTokensModule,
    ],
  });
  database = house.controlPlane.app.get(DataSource);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const operation = '01890000-0000-7000-8000-000000000001' as OperationId;
let conversations = 0;

/** One conversation, of which each witness can tell. */
async function conversation(login?: Session, name = `told-${++conversations}`) {
  const session = login ?? (await house.as(['user']));
  const { body: identity } = await session.get('/v1/whoami').expect(200);
  const context: TurnContext = { client: 'claude-code', aiSession: name };
  const witness = (seen: object) =>
    house.controlPlane.app.get(ModelWitnesses).witness({ identity }, { turn: context, operation, ...seen } as never);
  const hook = (hook_event_name: string, more: object) =>
    session.post('/hooks/claude', { session_id: name, hook_event_name, ...more }).expect(200);
  const log = (event: string, attributes: Readonly<Record<string, string>>, more: Partial<LogOf> = {}): LogOf => ({
    name: `claude_code.${event}`,
    traceId,
    attributes: { 'session.id': name, ...attributes },
    ...more,
  });
  return {
    login: session,
    name,
    heard: (text: string) => witness({ kind: 'message', message: { kind: 'human', text } }),
    proposed: (id: string, tool = 'Bash') =>
      witness({ kind: 'tool-call', id, name: tool, input: JSON.stringify({ command: id }) }),
    typed: (prompt: string, prompt_id: string) => hook('UserPromptSubmit', { prompt, prompt_id }),
    log,
    prompt: (prompt: string, turn: string, more: Partial<LogOf> = {}) =>
      log('user_prompt', { 'prompt.id': turn, prompt }, more),
    result: (tool_use_id: string, turn: string) => log('tool_result', { 'prompt.id': turn, tool_use_id }),
    tell: (...records: LogOf[]) => session.post('/otlp/v1/logs', logs(records)).expect(200, {}),
    turns: async () => {
      const { items } = (await session.get('/v1/ai-sessions').expect(200)).body as Page<AiSessionView>;
      const mine = items.find(({ client_session }) => client_session === name);
      if (mine === undefined) return [];
      const { body } = await session.get(`/v1/ai-sessions/${mine.id}`).expect(200);
      return [...(body as AiSessionDetail).latest_turns].reverse();
    },
    traceOf: async (turn: string) => {
      const rows = await database.query<{ trace_id: string | null }[]>(
        `select t.trace_id from ai_turns t join ai_sessions s on s.id = t.ai_session_id
         where s.client_session = $1 and t.client_turn = $2`,
        [name, turn],
      );
      return rows.map(({ trace_id }) => trace_id);
    },
  };
}

const binary = (request: supertest.Test, type: string, body: Buffer): supertest.Test =>
  request
    .set('content-type', type)
    .serialize((sent: unknown) => sent as string)
    .send(body as never)
    .buffer(true)
    .parse((response, done) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => done(null, Buffer.concat(pieces)));
    });

describe('a prompt', () => {
  test('that only telemetry tells is a message of its turn, once', async () => {
    const ada = await conversation();
    await ada.tell(ada.prompt('count the orders', 'p1'));
    await ada.tell(ada.prompt('count the orders', 'p1'));
    expect(await ada.turns()).toMatchObject([
      { client_turn: 'p1', ended_at: null, messages: [{ source: 'otlp', kind: 'human', text: 'count the orders' }] },
    ]);
    expect(await ada.traceOf('p1')).toEqual([traceId]);
  });

  test('that a hook has told is not told again, nor confirmed by the same client', async () => {
    const ada = await conversation();
    await ada.typed('count the orders', 'p1');
    await ada.tell(ada.prompt('count the orders', 'p1'));
    expect(await ada.turns()).toMatchObject([{ messages: [{ source: 'hook', confirmed: false }] }]);
    expect((await ada.turns())[0]!.messages).toHaveLength(1);
  });

  test('that model traffic has shown gives its turn the client’s name', async () => {
    const ada = await conversation();
    await ada.heard('count the orders');
    await ada.tell(ada.prompt('count the orders', 'p1'));
    const turns = await ada.turns();
    expect(turns).toMatchObject([{ client_turn: 'p1', messages: [{ source: 'model', confirmed: true }] }]);
  });

  test('that comes late does not end the turn that goes on', async () => {
    const ada = await conversation();
    await ada.typed('and now the second', 'p2');
    await ada.tell(ada.prompt('the first thing', 'p1', { at: new Date(Date.now() - 60_000) }));
    expect(await ada.turns()).toMatchObject([
      { client_turn: 'p1', ended_at: expect.any(String) },
      { client_turn: 'p2', ended_at: null },
    ]);
  });

  test('that the client withholds begins nothing', async () => {
    const ada = await conversation();
    await ada.tell(ada.prompt('<REDACTED>', 'p1'), ada.result('toolu_1', 'p1'));
    const { body } = await ada.login.get('/v1/ai-sessions').expect(200);
    expect(body).toMatchObject({ items: [] });
  });

  test('of Codex, which names no turn, belongs to the turn that says so', async () => {
    const ada = await conversation();
    const codex = (prompt: string): LogOf => ({
      name: 'codex.user_prompt',
      attributes: { 'conversation.id': ada.name, prompt },
    });
    const told = { session_id: ada.name, turn_id: 't1', hook_event_name: 'UserPromptSubmit', prompt: 'count' };
    await ada.login.post('/hooks/codex', told).expect(200);
    for (const prompt of ['count', 'and the rest', 'and the rest'])
      await ada.login.post('/otlp/v1/logs', logs([codex(prompt)], 'codex_cli_rs')).expect(200, {});
    const turns = await ada.turns();
    expect(turns).toMatchObject([
      { client_turn: 't1', messages: [{ source: 'hook', text: 'count' }] },
      { client_turn: 'm:1', messages: [{ source: 'otlp', text: 'and the rest' }] },
    ]);
    expect(turns.map(({ messages }) => messages.length)).toEqual([1, 1]);
  });
});

describe('a tool call', () => {
  test('of turns that say the same tells which of them is which', async () => {
    const ada = await conversation();
    for (const id of ['toolu_1', 'toolu_2']) {
      await ada.heard('go on');
      await ada.proposed(id);
      await ada.login.post('/hooks/claude', { session_id: ada.name, hook_event_name: 'Stop' }).expect(200);
    }
    await ada.tell(ada.prompt('go on', 'p1'), ada.prompt('go on', 'p2'));
    expect((await ada.turns()).map(({ client_turn }) => client_turn)).toEqual(['m:1', 'm:2']);
    await ada.tell(ada.prompt('go on', 'p1'), ada.result('toolu_2', 'p2'), ada.result('toolu_1', 'p1'));
    expect(await ada.turns()).toMatchObject([
      { client_turn: 'p1', messages: [{ confirmed: true }], tool_calls: [{ tool_use_id: 'toolu_1' }] },
      { client_turn: 'p2', messages: [{ confirmed: false }], tool_calls: [{ tool_use_id: 'toolu_2' }] },
    ]);
  });

  test('moves out of a turn that was made up, with what that turn had read', async () => {
    const ada = await conversation();
    await ada.heard('what <b>others</b> see');
    await ada.proposed('toolu_1', 'WebFetch');
    await ada.typed('read the wiki', 'p1');
    await ada.tell(ada.result('toolu_1', 'p1'));
    const turns = await ada.turns();
    expect(turns).toMatchObject([
      { client_turn: 'm:1', tool_calls: [] },
      { client_turn: 'p1', untrusted_by: 'WebFetch', tool_calls: [{ tool_use_id: 'toolu_1', agrees: null }] },
    ]);
  });

  test('stays in the turn that a hook has told, and where it was refused', async () => {
    const ada = await conversation();
    await ada.typed('one', 'p1');
    await ada.proposed('toolu_1');
    await ada.typed('another', 'p9');
    await ada.tell(ada.result('toolu_1', 'p9'), ada.result('toolu_1', 'never told'));
    expect(await ada.turns()).toMatchObject([
      { client_turn: 'p1', tool_calls: [{ tool_use_id: 'toolu_1' }] },
      { client_turn: 'p9', tool_calls: [] },
    ]);

    const bob = await conversation();
    await bob.heard('two');
    await bob.proposed('toolu_1');
    await database.query(
      `update ai_tool_calls c set refused_at = now(), refusal = 'no' from ai_sessions s
       where s.id = c.ai_session_id and s.client_session = $1`,
      [bob.name],
    );
    await bob.typed('three', 'p3');
    await bob.tell(bob.result('toolu_1', 'p3'));
    expect(await bob.turns()).toMatchObject([{ client_turn: 'm:1', tool_calls: [{}] }, { tool_calls: [] }]);
  });

  test('gets the span that its command is told of, and its turn the trace', async () => {
    const ada = await conversation();
    await ada.typed('one', 'p1');
    await ada.proposed('toolu_1');
    const attributes = { 'session.id': ada.name, tool_use_id: 'toolu_1' };
    const spanId = '00f067aa0ba902b8';
    const span = { name: 'claude_code.tool.execution', traceId, spanId, attributes };
    const body = otlpProtobuf('Traces', traces([span, { ...span, spanId: '00f067aa0ba902b9' }]));
    await binary(ada.login.post('/otlp/v1/traces'), 'application/x-protobuf', body).expect(200);
    const rows = await database.query<unknown[]>(
      `select c.span_id from ai_tool_calls c join ai_sessions s on s.id = c.ai_session_id where s.client_session = $1`,
      [ada.name],
    );
    expect(rows).toEqual([{ span_id: spanId }]);
    expect(await ada.traceOf('p1')).toEqual([traceId]);
  });

  test('of another person is not touched, whatever ids are told', async () => {
    const ada = await conversation();
    await ada.heard('mine');
    await ada.proposed('toolu_1');
    const eve = await conversation(undefined, ada.name);
    await eve.tell(eve.prompt('mine', 'evil'), eve.result('toolu_1', 'evil'));
    expect(await ada.turns()).toMatchObject([{ client_turn: 'm:1', messages: [{ confirmed: false }] }]);
    expect(await ada.traceOf('m:1')).toEqual([null]);
    expect(await eve.turns()).toMatchObject([{ client_turn: 'evil', tool_calls: [] }]);
  });
});

describe('an export', () => {
  test('may come packed, by a witness token, and is answered in its own encoding', async () => {
    const ada = await conversation();
    const { body } = await ada.login.post('/v1/witness-tokens', { client: 'claude-code' }).expect(201);
    const witness = sessionWith(house.controlPlane.url, (body as { token: string }).token);
    const packed = gzipSync(otlpProtobuf('Logs', logs([ada.prompt('packed', 'p1')])));
    const request = witness.post('/otlp/v1/logs').set('content-encoding', 'gzip');
    const answer = await binary(request, 'application/x-protobuf', packed).expect(200);
    expect(answer.headers['content-type']).toBe('application/x-protobuf');
    expect(answer.body).toHaveLength(0);
    expect(await ada.turns()).toMatchObject([{ messages: [{ text: 'packed' }] }]);
  });

  test('of metrics is taken, and nothing of it kept', async () => {
    const ada = await house.as(['user']);
    await ada.post('/otlp/v1/metrics', { resourceMetrics: [{ scopeMetrics: [] }] }).expect(200, {});
  });

  test('that is none is refused with a status in its own encoding', async () => {
    const ada = await house.as(['user']);
    const json = await ada.post('/otlp/v1/logs').set('content-type', 'application/json').send('{"canary').expect(400);
    expect(json.body).toEqual({ code: 3, message: 'the body is not JSON' });
    const request = binary(ada.post('/otlp/v1/logs'), 'application/x-protobuf', Buffer.from('0b', 'hex'));
    const { body, headers } = await request.expect(400);
    expect(headers['content-type']).toBe('application/x-protobuf');
    expect(readAnswer('Status', body as Buffer)).toEqual({ code: 3, message: 'the body is not protobuf' });
    const text = await ada.post('/otlp/v1/logs').set('content-type', 'text/plain').send('canary').expect(400);
    expect(text.body).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('is refused without a login', async () => {
    const { body } = await house.anonymous.post('/otlp/v1/logs').send({}).expect(401);
    expect(body).toMatchObject({ code: 16 });
  });

  test.each([
    ['unpacks to a hundred times its size', gzipSync(Buffer.alloc(16_000_000, 32)), 'gzip', 413],
    ['is too large', Buffer.alloc(4 * 1024 * 1024 + 1, 32), 'identity', 413],
    ['is not what it says', Buffer.from('{}'), 'gzip', 400],
    ['is packed in another way', Buffer.from('{}'), 'br', 400],
  ])('that %s is refused', async (_title, bytes, encoding, status) => {
    const ada = await house.as(['user']);
    const request = ada.post('/otlp/v1/logs').set('content-encoding', encoding);
    await binary(request, 'application/json', bytes).expect(status);
  });

  test('with more records than one may have is taken in part, and says so', async () => {
    const ada = await conversation();
    const logRecords = Array.from({ length: 5_003 }, () => ({ eventName: 'x' }));
    const { body } = await ada.login
      .post('/otlp/v1/logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
      .expect(200);
    expect(body).toEqual({
      partialSuccess: { rejectedLogRecords: '3', errorMessage: 'too many records in one request' },
    });
  });

  test('with more conversations than one may have says so as protobuf, too', async () => {
    const ada = await house.as(['user']);
    const records = Array.from({ length: 52 }, (_, index) => ({
      name: 'claude_code.user_prompt',
      attributes: { 'session.id': `none-${index}`, 'prompt.id': 'p', prompt: '<REDACTED>' },
    }));
    const bytes = otlpProtobuf('Logs', logs(records));
    const { body } = await binary(ada.post('/otlp/v1/logs'), 'application/x-protobuf', bytes).expect(200);
    expect(readAnswer('Answer', body as Buffer)).toMatchObject({ partialSuccess: { rejected: '2' } });
  });

  test('leaves no prompt in the clear in any table, and none in the log', async () => {
    const ada = await conversation();
    await ada.tell(ada.prompt('canary-prompt', 'p1'));
    expect(await ada.turns()).toMatchObject([{ messages: [{ text: 'canary-prompt' }] }]);
    expect(house.logged()).not.toContain('canary');
    const tables = await house.database.query<{ name: string }>(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { name } of tables) {
      const rows = JSON.stringify(await house.database.query(`select t::text from ${name} t`));
      expect(rows, name).not.toContain('canary');
      expect(rows, name).not.toContain(Buffer.from('canary-prompt').toString('hex'));
    }
  });
});
