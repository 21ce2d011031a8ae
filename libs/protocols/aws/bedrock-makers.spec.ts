/** What asks a model of Bedrock and is neither Converse nor in the words of the Messages API: nothing of it goes round the gates. */
import {
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { Operation } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { eventOf } from '../testing/aws-corpus/answers.js';
import { accessKey } from '../testing/aws-corpus/canaries.js';
import { type BedrockHouse, bedrockHouse, eventsAnswer, jsonAnswer } from '../testing/bedrock-house.js';

const deny = (action: string) => (operation: Operation) => (operation.action === action ? 'deny' : 'allow');
const chunk = (event: object) => eventOf('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64') });
const counted = { 'x-amzn-bedrock-input-token-count': '11', 'x-amzn-bedrock-output-token-count': '4' };
const operationsOf = ({ gateway }: BedrockHouse, action: string) =>
  gateway.events.flatMap(({ operation }) => (operation?.action === action ? [operation] : []));

const titan = { modelId: 'amazon.titan-text-express-v1', body: JSON.stringify({ inputText: `is ${accessKey} ours?` }) };
const llama = 'meta.llama3-3-70b-instruct-v1:0';
const calling = {
  generation: '',
  tool_calls: [{ id: 'c-1', function: { name: 'shell', arguments: '{"command":"ls"}' } }],
};

describe('a model that is asked in its maker’s own words', () => {
  test('hears no secret and tells none, and what it was asked and has used is on record', async () => {
    await using house = await bedrockHouse();
    house.answers(jsonAnswer({ results: [{ outputText: `it is ${accessKey}` }] }, counted));
    const { body } = await house.client.send(new InvokeModelCommand(titan));
    expect(Buffer.from(body).toString()).toMatch(/"it is ⟦[^⟧]+⟧"/);
    expect(house.asked()).toEqual([expect.stringMatching(/^\{"inputText":"is ⟦[^⟧]+⟧ ours\?"\}$/)]);
    expect(operationsOf(house, 'model.request')).toMatchObject([
      {
        risk: 'read',
        facts: { api: 'bedrock.other', model: titan.modelId, prompt: expect.stringMatching(/^is .* ours\?$/) },
      },
    ]);
    expect(house.outcomesOf(`bedrock.other ${titan.modelId}`)).toMatchObject([
      { status: 'done', usage: { inputTokens: 11, outputTokens: 4 }, maskedFields: expect.any(Number) },
    ]);
  });

  test('in pieces does not tell a secret that was cut in two', async () => {
    await using house = await bedrockHouse();
    house.answers(
      eventsAnswer(
        chunk({ generation: `a ${accessKey.slice(0, 7)}` }),
        chunk({ generation: `${accessKey.slice(7)} b` }),
        chunk({ stop_reason: 'stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 2 } }),
      ),
    );
    const body = JSON.stringify({ prompt: 'well?' });
    const answer = await house.client.send(new InvokeModelWithResponseStreamCommand({ modelId: llama, body }));
    let told = '';
    for await (const { chunk: piece } of answer.body!)
      told += (JSON.parse(Buffer.from(piece!.bytes!).toString()) as { generation?: string }).generation ?? '';
    expect(told).toMatch(/^a ⟦[^⟧]+⟧ b$/);
    expect(house.outcomesOf(`bedrock.other ${llama}`)).toMatchObject([{ usage: { inputTokens: 3, outputTokens: 2 } }]);
  });

  test('is not asked what the policy on models forbids, and its tool call is not told where that is denied', async () => {
    await using house = await bedrockHouse({ decide: deny('model.request') });
    await expect(house.client.send(new InvokeModelCommand(titan))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(house.asked()).toEqual([]);

    await using other = await bedrockHouse({ decide: deny('model.tool_call') });
    other.answers(jsonAnswer(calling));
    const call = other.client.send(new InvokeModelCommand({ modelId: llama, body: JSON.stringify({ prompt: 'x' }) }));
    await expect(call).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('Converse'),
    });
    expect(operationsOf(other, 'model.tool_call')).toMatchObject([{ facts: { tool: 'shell', command: 'ls' } }]);
  });

  test.each(['inputText=x', '["x"]', '{"inputText":"a","inputText":"b"}', ''])('in %j is not asked', async (body) => {
    await using house = await bedrockHouse();
    await expect(house.client.send(new InvokeModelCommand({ modelId: titan.modelId, body }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
    expect(house.asked()).toEqual([]);
  });

  test('in the words of another one’s API is still looked at whole', async () => {
    await using house = await bedrockHouse();
    house.answers(jsonAnswer({ generation: 'no' }));
    const body = JSON.stringify({ anthropic_version: 'x', messages: [], prompt: `is ${accessKey} ours?` });
    await house.client.send(new InvokeModelCommand({ modelId: llama, body }));
    expect(house.asked().join()).not.toContain(accessKey);
    expect(operationsOf(house, 'model.request')).toMatchObject([
      { facts: { prompt: expect.stringContaining('ours?') } },
    ]);
  });
});

describe('a count of tokens', () => {
  const command = (text: string) =>
    new CountTokensCommand({
      modelId: 'anthropic.claude-x',
      input: { converse: { messages: [{ role: 'user', content: [{ text }] }] } },
    });

  test('is masked like the request that it counts, decided like it, and free', async () => {
    await using house = await bedrockHouse({
      reserve: () => Promise.reject(new GatewayError('BUDGET_EXHAUSTED', 'the budget is used up')),
    });
    house.answers(jsonAnswer({ inputTokens: 9 }));
    expect((await house.client.send(command(`is ${accessKey} ours?`))).inputTokens).toBe(9);
    expect(house.asked()).toEqual([expect.stringMatching(/is ⟦[^⟧]+⟧ ours\?/)]);
    expect(operationsOf(house, 'model.request')).toMatchObject([{ facts: { api: 'bedrock.count-tokens' } }]);
    expect([house.gateway.settled, house.gateway.witnessed]).toEqual([[], []]);
  });

  test('is not made of what the policy on models forbids', async () => {
    await using house = await bedrockHouse({ decide: deny('model.request') });
    await expect(house.client.send(command('x'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(house.asked()).toEqual([]);
  });

  test('of a body for InvokeModel is masked within its base64', async () => {
    await using house = await bedrockHouse();
    house.answers(jsonAnswer({ inputTokens: 9 }));
    const body = Buffer.from(JSON.stringify({ prompt: `is ${accessKey} ours?` }));
    await house.client.send(new CountTokensCommand({ modelId: llama, input: { invokeModel: { body } } }));
    const [sent] = house.asked();
    const inner = (JSON.parse(sent!) as { input: { invokeModel: { body: string } } }).input.invokeModel.body;
    expect(Buffer.from(inner, 'base64').toString()).toMatch(/^\{"prompt":"is ⟦[^⟧]+⟧ ours\?"\}$/);
  });
});

test('a request whose answer goes to a bucket is a request to the model that its body names', async () => {
  await using house = await bedrockHouse();
  house.answers(jsonAnswer({ invocationArn: 'arn:aws:bedrock:eu-west-1:1:async-invoke/x' }));
  await house.client.send(
    new StartAsyncInvokeCommand({
      modelId: 'amazon.nova-reel-v1:1',
      modelInput: { text: `a film of ${accessKey}` },
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://films' } },
    }),
  );
  expect(house.asked()).toEqual([expect.stringMatching(/"a film of ⟦[^⟧]+⟧"/)]);
  expect(operationsOf(house, 'model.request')).toMatchObject([
    { risk: 'write', facts: { api: 'bedrock.async', model: 'amazon.nova-reel-v1:1' } },
  ]);
});

describe('a batch', () => {
  const batch = {
    jobName: 'nightly',
    modelId: 'anthropic.claude-x',
    roleArn: 'arn:aws:iam::123456789012:role/batch',
    clientRequestToken: 'token-1',
    inputDataConfig: { s3InputDataConfig: { s3Uri: 's3://prompts/in.jsonl' } },
    outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://answers/' } },
  };

  test('is decided by its model and its buckets, and never by what allows calls to AWS alone', async () => {
    await using house = await bedrockHouse({ decide: deny('model.request') });
    const { status, text } = await house.post('/model-invocation-job', batch);
    expect([status, text]).toEqual([403, expect.stringContaining('context.api == \\"bedrock.batch\\"')]);
    expect(house.asked()).toEqual([]);
    const [asked] = operationsOf(house, 'model.request');
    expect(asked).toMatchObject({
      risk: 'write',
      text: expect.stringContaining('requests from s3://prompts/in.jsonl, answers to s3://answers/'),
      facts: { api: 'bedrock.batch', model: 'anthropic.claude-x', flags: ['background', 'file-reference'] },
    });
    expect(asked).not.toHaveProperty('within');
  });

  test('that a policy permits goes on as it is, unless a budget is about it', async () => {
    await using house = await bedrockHouse();
    house.answers(jsonAnswer({ jobArn: 'arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/x' }));
    expect((await house.post('/model-invocation-job', batch)).status).toBe(200);
    expect(house.asked()).toEqual([JSON.stringify(batch)]);
    expect(house.gateway.settled).toEqual([undefined]); // given back: nobody will hear what it has used
    expect(house.outcomesOf('bedrock.batch')).toMatchObject([{ status: 'done' }]);

    await using poor = await bedrockHouse({
      reserve: () => Promise.reject(new GatewayError('BUDGET_EXHAUSTED', 'the budget is used up')),
    });
    expect((await poor.post('/model-invocation-job', batch)).status).toBe(403);
    expect(poor.asked()).toEqual([]);
  });
});
