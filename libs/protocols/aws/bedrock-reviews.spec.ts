/** People are asked about a request to a model of Bedrock, or about a tool call in its answer, while an SDK of AWS waits. */
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { Decision, Operation } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import type { Guards } from '@sallyport/engine';
import { describe, expect, test } from 'vitest';
import { eventOf } from '../testing/aws-corpus/answers.js';
import { type BedrockHouse, bedrockHouse, eventsAnswer, jsonAnswer } from '../testing/bedrock-house.js';

type Settled = Awaited<ReturnType<Guards['review']>>;
const decided = { policies: [], policyVersion: 1 };
const approved: Settled = { outcome: 'allow', ...decided };
const rejected: Settled = {
  outcome: 'deny',
  ...decided,
  refusal: { code: 'REVIEW_REJECTED', message: 'a reviewer rejected it: not today' },
};
const about =
  (action: string) =>
  (operation: Operation): Decision['outcome'] =>
    operation.action === action ? 'review' : 'allow';

/** Somebody who decides once `when` is so, of a house that is there only afterwards. */
const reviewer =
  (settled: Settled, when: () => Promise<void> = async () => undefined): Guards['review'] =>
  async (_operation, _decision, { waiting }) => {
    waiting({ review: 'review-5' as never, message: 'waiting for reviewers' });
    await when();
    return settled;
  };

const modelId = 'anthropic.claude-x';
const messages = [{ role: 'user' as const, content: [{ text: 'tidy up' }] }];
const body = JSON.stringify({
  anthropic_version: 'v',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'tidy up' }],
});
const chunk = (event: object) => eventOf('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64') });
const tool = { id: 't-1', name: 'shell', input: { command: 'ls' } };

interface Way {
  /** All that the client hears, as JSON. */
  readonly ask: (house: BedrockHouse) => Promise<string>;
  readonly answer: Parameters<BedrockHouse['answers']>[0];
}
const heard = async (stream: AsyncIterable<unknown>): Promise<string> => {
  const events: unknown[] = [];
  for await (const event of stream) {
    const bytes = (event as { chunk?: { bytes?: Uint8Array } }).chunk?.bytes;
    events.push(bytes === undefined ? event : (JSON.parse(Buffer.from(bytes).toString()) as unknown));
  }
  return JSON.stringify(events);
};

const ways: Readonly<Record<string, Way>> = {
  Converse: {
    ask: async ({ client }) => JSON.stringify(await client.send(new ConverseCommand({ modelId, messages }))),
    answer: jsonAnswer({
      output: {
        message: {
          role: 'assistant',
          content: [{ toolUse: { toolUseId: tool.id, name: tool.name, input: tool.input } }],
        },
      },
      stopReason: 'tool_use',
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      metrics: { latencyMs: 1 },
    }),
  },
  InvokeModel: {
    ask: async ({ client }) => {
      const answer = await client.send(new InvokeModelCommand({ modelId, body }));
      return Buffer.from(answer.body).toString();
    },
    answer: jsonAnswer({
      type: 'message',
      role: 'assistant',
      model: modelId,
      content: [{ type: 'tool_use', ...tool }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1 },
    }),
  },
  ConverseStream: {
    ask: async ({ client }) => heard((await client.send(new ConverseStreamCommand({ modelId, messages }))).stream!),
    answer: eventsAnswer(
      eventOf('messageStart', { role: 'assistant' }),
      eventOf('contentBlockStart', {
        contentBlockIndex: 0,
        start: { toolUse: { toolUseId: tool.id, name: tool.name } },
      }),
      eventOf('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: JSON.stringify(tool.input) } } }),
      eventOf('contentBlockStop', { contentBlockIndex: 0 }),
      eventOf('messageStop', { stopReason: 'tool_use' }),
    ),
  },
  InvokeModelWithResponseStream: {
    ask: async ({ client }) =>
      heard((await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body }))).body!),
    answer: eventsAnswer(
      chunk({ type: 'message_start', message: { id: 'm', role: 'assistant', model: modelId, content: [], usage: {} } }),
      chunk({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id: tool.id, name: tool.name, input: {} },
      }),
      chunk({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'input_json_delta', partial_json: JSON.stringify(tool.input) },
      }),
      chunk({ type: 'content_block_stop', index: 0 }),
      chunk({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } }),
      chunk({ type: 'message_stop' }),
    ),
  },
};
const each = Object.entries(ways);

describe.each(each)('a request by %s', (_name, { ask, answer }) => {
  test('goes to the model once a reviewer has approved it, and not before', async () => {
    let sentBefore = -1;
    const review = reviewer(approved, async () => {
      sentBefore = house.asked().length;
    });
    await using house = await bedrockHouse({ decide: about('model.request'), review });
    house.answers(answer);
    expect(await ask(house)).toContain('shell');
    expect([sentBefore, house.asked().length]).toEqual([0, 1]);
  });

  test('that is rejected, or that nobody decides about in time, is an error of the service, and the model is not asked', async () => {
    await using refusing = await bedrockHouse({ decide: about('model.request'), review: reviewer(rejected) });
    await expect(ask(refusing)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('not today'),
      $metadata: { httpStatusCode: 403, attempts: 1 },
    });
    const nobody: Guards['review'] = async (_operation, _decision, { waiting, abandoned }) => {
      waiting({ review: 'review-5' as never, message: 'waiting for reviewers' });
      await new Promise((resolve) => abandoned.addEventListener('abort', resolve, { once: true }));
      throw new GatewayError('CANCELLED', 'nobody waits any more');
    };
    await using slow = await bedrockHouse({ decide: about('model.request'), review: nobody, holdMs: 20 });
    await expect(ask(slow)).rejects.toMatchObject({ message: expect.stringContaining('review-5') });
    expect([...refusing.asked(), ...slow.asked()]).toEqual([]);
  });
});

describe.each(each)('a tool call in an answer of %s', (name, { ask, answer }) => {
  const isStream = name.endsWith('Stream');
  /** What the agent has sent so far, as it is recorded. */
  const passed = ({ gateway }: BedrockHouse): string =>
    [...gateway.responses.values()]
      .flatMap(({ pieces }) => pieces.map(({ bytes }) => bytes.toString('latin1')))
      .join('');
  const pinged = async (house: BedrockHouse): Promise<void> => {
    const ping = name === 'ConverseStream' ? 'ping' : Buffer.from('{"type":"ping"}').toString('base64');
    await expect.poll(() => passed(house), { timeout: 30_000 }).toContain(ping);
  };
  const judged = async (settled: Settled): Promise<string> => {
    const review = reviewer(settled, () => (isStream ? pinged(house) : Promise.resolve()));
    await using house = await bedrockHouse({ decide: about('model.tool_call'), review, records: true });
    house.answers(answer);
    return await ask(house);
  };

  test('waits for a reviewer, in a stream with pings, and runs or becomes a text', { timeout: 60_000 }, async () => {
    const [allowed, denied] = await Promise.all([judged(approved), judged(rejected)]);
    expect(allowed).toMatch(/shell.*tool_use/);
    expect(denied).toContain('not today');
    expect(denied).toContain('end_turn');
    expect(denied).not.toMatch(/shell|tool_use/);
  });
});
