import { describe, expect, test } from 'vitest';
import { everything, maskingWith } from '../testing/masking.js';
import { bedrockCount } from './count-tokens.js';
import { bedrockAsync, describeBatch, tokensOfBatch } from './jobs.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const base64 = (value: unknown) => bytes(value).toString('base64');
const messages = (text: string) => [{ role: 'user', content: [{ text }] }];

describe('a count of tokens', () => {
  const api = bedrockCount({ model: 'anthropic.claude-x', stream: false });
  const sent = (body: unknown) => {
    const masked = api.maskRequest(bytes(body), maskingWith(everything));
    return {
      body: JSON.parse(Buffer.from(masked.body).toString()) as unknown,
      fields: masked.maskedFields,
    };
  };
  const ofConverse = (text: string) => ({ input: { converse: { messages: messages(text) } } });
  const anthropic = (text: string) => ({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 1,
    messages: [{ role: 'user', content: text }],
  });
  const ofInvoke = (body: unknown) => ({ input: { invokeModel: { body: base64(body) } } });

  test.each([
    ['Converse', ofConverse],
    ['the Messages API', (text: string) => ofInvoke(anthropic(text))],
    ['another maker', (text: string) => ofInvoke({ prompt: text })],
    ['words that are not known', (text: string) => ({ input: { next: { text } } })],
  ])('of %s is described as what it counts', (_what, bodyFor) => {
    const request = api.describe(bytes(bodyFor('hello there')));
    expect(request).toMatchObject({ api: 'bedrock.count-tokens', model: 'anthropic.claude-x' });
    expect(request.news).toMatchObject([{ text: expect.stringContaining('hello there') }]);
  });

  test('is masked as what it counts', () => {
    const converse = sent(ofConverse(`is ${key}`));
    expect(JSON.stringify(converse.body)).toMatch(/"is ⟦[^⟧]+⟧"/);
    const invoke = sent(ofInvoke(anthropic(`is ${key}`)));
    const inner = Buffer.from(
      (invoke.body as { input: { invokeModel: { body: string } } }).input.invokeModel.body,
      'base64',
    ).toString();
    expect(inner).toMatch(/"is ⟦[^⟧]+⟧"/);
    expect([converse.fields, invoke.fields]).toEqual([1, 1]);
    expect(JSON.stringify(sent({ input: { next: { text: key } } }).body)).not.toContain(key);
    const clean = bytes(ofInvoke({ prompt: 'clean' }));
    expect(api.maskRequest(clean, maskingWith(everything)).body).toBe(clean);
  });

  test.each([
    { input: { invokeModel: { body: 'e30' } } },
    { input: { invokeModel: { body: base64('x').slice(1) } } },
    { input: { converse: 1 } },
  ])('of %j is none', (body) => {
    expect(() => api.describe(bytes(body))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

test('a request that is answered later names its model in its body, and is masked like one that is answered at once', () => {
  const api = bedrockAsync();
  const body = {
    modelId: 'amazon.nova-reel-v1:1',
    modelInput: { text: `a film of ${key}` },
    outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://out' } },
  };
  expect(api.describe(bytes(body))).toMatchObject({
    api: 'bedrock.async',
    model: 'amazon.nova-reel-v1:1',
    news: [{ text: `a film of ${key}` }],
    flags: ['unknown-shape', 'background'],
  });
  expect(Buffer.from(api.maskRequest(bytes(body), maskingWith(everything)).body).toString()).toMatch(/a film of ⟦/);
  for (const wrong of [{ modelId: 'm' }, { modelInput: {} }, { modelId: 'm', modelInput: 'x' }])
    expect(() => api.describe(bytes(wrong))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test('a batch is described by its model and where its requests and answers are', () => {
  const batch = {
    jobName: 'nightly',
    modelId: 'anthropic.claude-x',
    roleArn: 'arn:aws:iam::1:role/batch',
    inputDataConfig: { s3InputDataConfig: { s3Uri: 's3://prompts/in.jsonl' } },
    outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://answers/' } },
  };
  expect(describeBatch(bytes(batch))).toMatchObject({
    api: 'bedrock.batch',
    model: 'anthropic.claude-x',
    inputTokensAtMost: tokensOfBatch,
    news: [{ text: 'a batch: requests from s3://prompts/in.jsonl, answers to s3://answers/', of: 'notification' }],
    flags: ['background', 'file-reference'],
  });
  expect(() => describeBatch(bytes({ jobName: 'x' }))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});
