import { GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import { EventReader } from '../index.js';
import {
  answerOf,
  callBlock,
  collect,
  delta,
  json,
  mask,
  messages,
  sseOf,
  start,
  stop,
  textBlock,
} from '../testing/anthropic.js';
import { maskingWith, noRules } from '../testing/masking.js';
import { oneOf, type Random, seeded } from '../testing/random.js';

const canary = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
/** With a letter before it, or without its mark, it is no ticket to anybody. */
const leak = /(?<![A-Za-z0-9])spt_k7Qm2vXw9ZrT4bN8cJ1hLs5D/;

const cutText = (random: Random, text: string): string[] => {
  const cut = random(text.length + 1);
  return random(2) === 0 ? [text] : [text.slice(0, cut), text.slice(cut)];
};

const streamOf = (random: Random): object[] =>
  answerOf(
    [
      ...textBlock(0, ...cutText(random, `before ${canary} after`)),
      ...callBlock(1, { id: 't1', name: 'Bash' }, ...cutText(random, `{"command":"echo ${canary}"}`)),
      start(2, { type: 'brand_new', text: canary }),
      delta(2, { type: 'brand_new_delta', payload: canary }),
      stop(2),
      ...textBlock(3, ...cutText(random, canary)),
    ],
    'tool_use',
  );

const swap = <T>(all: T[], one: number, other: number): void => {
  [all[one], all[other]] = [all[other]!, all[one]!];
};

/** Events lost, doubled or out of order; bytes changed, lost or doubled; the end missing. */
const mutated = (random: Random): Buffer => {
  const events = streamOf(random);
  if (random(3) === 0) events.splice(random(events.length), 1);
  if (random(3) === 0) events.splice(random(events.length), 0, events[random(events.length)]!);
  if (random(3) === 0) swap(events, random(events.length), random(events.length));
  let bytes = sseOf(events as never);
  for (let turn = random(3); turn > 0; turn -= 1) {
    const at = random(bytes.length);
    const piece = oneOf(random, [
      Buffer.from([random(256)]),
      Buffer.alloc(0),
      Buffer.from('\n'),
      Buffer.from('"'),
      Buffer.from('\\'),
    ]);
    bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + random(2))]);
  }
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
};

/** All strings of all events that a client could put together, those of one block joined. */
const readable = (bytes: Buffer): string => {
  const texts = new EventReader()
    .push(bytes)
    .flatMap(({ data }) =>
      data === undefined ? [] : [JSON.parse(data) as { delta?: { text?: string; partial_json?: string } }],
    )
    .map((event) => event.delta?.text ?? event.delta?.partial_json ?? `\n${JSON.stringify(event)}\n`);
  return texts.join('');
};

test('a stream that was tampered with leaks no secret, and fails by an error that is understood', async () => {
  let [passed, failed] = [0, 0];
  for (let seed = 0; seed < 150; seed += 1) {
    const random = seeded(seed);
    const bytes = mutated(random);
    const out: Uint8Array[] = [];
    const verdict = random(2) === 0 ? ({ outcome: 'allow' } as const) : ({ outcome: 'deny', text: 'no' } as const);
    const answer = mask([bytes], maskingWith(noRules), { decide: async () => verdict });
    try {
      for await (const piece of answer.body) out.push(piece);
      passed += 1;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      failed += 1;
    }
    const all = Buffer.concat(out);
    if (leak.test(all.toString()) || leak.test(readable(all))) expect.fail(`seed ${seed}: ${all.toString()}`);
  }
  expect(passed).toBeGreaterThan(10);
  expect(failed).toBeGreaterThan(20);
});

test('a body that was tampered with leaks no secret, and fails by an error that is understood', async () => {
  const fields = {
    model: 'm',
    system: canary,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: canary },
          { type: 'tool_result', tool_use_id: 'x', content: canary },
        ],
      },
    ],
  };
  const body = Buffer.from(JSON.stringify(fields));
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seeded(seed);
    const at = random(body.length);
    const changed = Buffer.concat([
      body.subarray(0, at),
      Buffer.from([random(256)]).subarray(random(2)),
      body.subarray(at + random(3)),
    ]);
    try {
      messages.describe(changed);
      const sent = Buffer.from(messages.maskRequest(changed, maskingWith(noRules)).body).toString();
      const answer = (await collect(mask([changed], maskingWith(noRules), { shape: json }))).toString();
      if (leak.test(sent) || leak.test(answer)) expect.fail(`seed ${seed}: ${sent}`);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    }
  }
});
