/** A model's answer in pieces, over HTTP/2, to the SDK that AWS makes for it: a secret that is cut in two stays hidden. */
import type { ServerResponse } from 'node:http';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventOf } from '../testing/aws-corpus/answers.js';
import { accessKey, foundIn, token } from '../testing/aws-corpus/canaries.js';
import { awsGateway } from '../testing/aws-gateway.js';
import { type Scripted, scriptedUpstream } from '../testing/aws-upstreams.js';

let upstream: Scripted;
let gateway: Awaited<ReturnType<typeof awsGateway>>;
let client: BedrockRuntimeClient;
let respond: (response: ServerResponse) => unknown;
let denies = false;

beforeAll(async () => {
  upstream = await scriptedUpstream((_seen, response) => void respond(response));
  gateway = await awsGateway({
    settings: { endpoints: { default: upstream.url } },
    records: true,
    rules: [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }],
    decide: ({ action }) => (denies && action === 'aws.call' ? 'deny' : 'allow'),
  });
});
beforeEach(() => {
  denies = false;
  upstream.seen.length = 0;
  gateway.responses.clear();
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
  expect(textOf(events)).toBe(
    'Of course, this is what I know about them: the id is [redacted:aws-access-key-id] and the token [redacted:github-token], no more.',
  );
  expect(events.map((event) => Object.keys(event)[0])).toEqual(
    expect.arrayContaining(['messageStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata']),
  );
  expect(events.at(-1)!.metadata!.usage!.totalTokens).toBe(3);
  expect(foundIn(recorded(), [accessKey, token])).toEqual([]);
  expect(recorded().join()).toContain('contentBlockDelta');
});

test('what a tool is to be called with is looked at like what is said', async () => {
  const input = (text: string): Buffer =>
    eventOf('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: text } } });
  respond = (response) => {
    response.writeHead(200, streaming);
    for (const text of ['{"key":"', accessKey.slice(0, 5), accessKey.slice(5), '"}']) response.write(input(text));
    response.write(eventOf('contentBlockStop', { contentBlockIndex: 1 }));
    response.end(eventOf('messageStop', { stopReason: 'tool_use' }));
  };
  const answer = await client.send(new ConverseStreamCommand({ modelId, messages }));
  let told = '';
  for await (const { contentBlockDelta } of answer.stream!) told += contentBlockDelta?.delta?.toolUse?.input ?? '';
  expect(JSON.parse(told)).toEqual({ key: '[redacted:aws-access-key-id]' });
});

test('a model that is asked in its own JSON answers in pieces as well', async () => {
  const chunk = (text: string): Buffer => {
    const said = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
    return eventOf('chunk', { bytes: Buffer.from(JSON.stringify(said)).toString('base64') });
  };
  respond = (response) => {
    response.writeHead(200, streaming);
    response.end(Buffer.concat([chunk(`a ${accessKey.slice(0, 7)}`), chunk(`${accessKey.slice(7)} b`)]));
  };
  const body = JSON.stringify({ messages: [] });
  const answer = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body }));
  let told = '';
  for await (const { chunk: piece } of answer.body!) {
    const said = JSON.parse(Buffer.from(piece!.bytes!).toString()) as { delta: { text: string } };
    told += said.delta.text;
  }
  expect(told).toBe('a [redacted:aws-access-key-id] b');
});

test('a stream that breaks off does not look like one that is over', async () => {
  respond = (response) => {
    response.writeHead(200, streaming);
    response.write(delta(0, 'this is only the first half of what the model wanted to say, and then'));
    setTimeout(() => response.destroy(), 20);
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
  denies = true;
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
  expect(upstream.seen).toEqual([]);
});
