import { GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import { type Answered, answered, at, chunksOf, listAt } from '../testing/answers.js';
import { oneOf, type Random, seeded } from '../testing/random.js';
import { answer, callEvents, callItem, messageEvents, messageItem, sse } from '../testing/responses-events.js';
import { openaiChat, openaiResponses } from './index.js';

const canary = `${'AK'}IAIOSFODNN7CANARY2`;

const cut = (random: Random, text: string): string[] => {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = start + 1 + random(9);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
};

const responses = (random: Random): string => {
  const text = `${oneOf(random, ['', 'so ', 'AKIA ', '😀'])}${canary}${oneOf(random, ['', '.', ' \n', '-x'])}`;
  const input = oneOf(random, [JSON.stringify({ a: [text], [text]: 1 }), `echo ${text}`, `{"a":"${canary}`]);
  const events = [...messageEvents(cut(random, text)), ...callEvents(cut(random, input), 1)];
  return random(4) === 0 ? sse(events) : answer(events, [messageItem(text), callItem(input)]);
};

const chat = (random: Random): string => {
  const text = `see ${canary} ok`;
  const deltas = [
    ...cut(random, text).map((content) => ({ content })),
    ...cut(random, JSON.stringify({ a: canary })).map((piece, index) => ({
      tool_calls: [{ index: 0, id: 'c', function: { ...(index === 0 ? { name: 'f' } : {}), arguments: piece } }],
    })),
  ];
  const all = [...deltas.map((delta) => ({ index: 0, delta })), { index: 0, delta: {}, finish_reason: 'tool_calls' }];
  return `${all.map((one) => `data: ${JSON.stringify({ id: 'x', choices: [one] })}\n\n`).join('')}data: [DONE]\n\n`;
};

/** A byte changed, a stretch left out, doubled or put elsewhere. */
const broken = (random: Random, body: string): Buffer => {
  const bytes = Buffer.from(body);
  const [from, length] = [random(bytes.length), random(40)];
  const piece = bytes.subarray(from, from + length);
  const kind = random(5);
  if (kind === 0) return bytes;
  if (kind === 1) return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
  if (kind === 2) return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)]);
  if (kind === 3) bytes[from] = random(256);
  const lines = bytes.toString('latin1').split('\n\n');
  if (kind === 4) lines.splice(random(lines.length), 0, ...lines.splice(random(lines.length), 1 + random(3)));
  return Buffer.from(lines.join('\n\n'), 'latin1');
};

const piecesIn = (document: unknown): (readonly [string, unknown])[] => [
  [`${String(at(document, 'type'))} ${String(at(document, 'output_index'))}`, at(document, 'delta')],
  ...listAt(document, 'choices').flatMap((choice): (readonly [string, unknown])[] => [
    [`content ${String(at(choice, 'index'))}`, at(choice, 'delta', 'content')],
    ...listAt(choice, 'delta', 'tool_calls').map((call): readonly [string, unknown] => [
      `call ${String(at(call, 'index'))}`,
      at(call, 'function', 'arguments'),
    ]),
  ]),
];

/** The texts as a client puts them together. */
const joined = (text: string): string[] => {
  const texts = new Map<string, string>();
  for (const [, data] of text.matchAll(/^data: (\{.*)$/gm))
    for (const [name, piece] of piecesIn(JSON.parse(data!)))
      if (typeof piece === 'string') texts.set(name, (texts.get(name) ?? '') + piece);
  return [...texts.values()];
};

const leaks = ({ text }: Answered): boolean => [text, ...joined(text)].some((one) => one.includes(canary));

test.each([
  ['the Responses API', openaiResponses, responses],
  ['Chat Completions', openaiChat, chat],
] as const)('what comes broken from %s never gives a secret away, and fails in words', async (_, api, make) => {
  const random = seeded(4_711);
  let understood = 0;
  for (let round = 0; round < 60; round += 1) {
    const body = broken(random, make(random));
    const decide = () => oneOf(random, [{ outcome: 'allow' }, { outcome: 'deny', text: 'no' }] as const);
    const result = await answered(
      api,
      chunksOf(body, () => 1 + random(200)),
      { decide },
    );
    expect(leaks(result), body.toString()).toBe(false);
    if (result.error === undefined) understood += 1;
    else expect(result.error).toBeInstanceOf(GatewayError);
  }
  expect(understood).toBeGreaterThan(20);
});
