import { type EventMessage, EventStreamDecoder, encodeEvent } from '@sallyport/aws';
import { describe, expect, test } from 'vitest';
import { type Answer, accessKey, everyCut, mail, seen } from './testing/answers.js';

const event = (type: string, payload: unknown, content = 'application/json', kind = 'event'): EventMessage => ({
  headers: new Map(
    Object.entries({
      [kind === 'event' ? ':event-type' : ':exception-type']: type,
      ':content-type': content,
      ':message-type': kind,
    }).map(([name, value]) => [name, { type: 'string' as const, value }]),
  ),
  payload:
    payload instanceof Uint8Array
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
});

const got = async (operation: string, messages: readonly EventMessage[], more: Partial<Answer> = {}) => {
  const [service = '', name = ''] = operation.split(':');
  const body = Buffer.concat(messages.map(encodeEvent));
  const shown = await seen({ service, operation: name, protocol: 'rest-json', body, ...more });
  const decoder = new EventStreamDecoder();
  const decoded = decoder.push(shown.bytes);
  decoder.finish();
  return decoded.map(({ headers, payload }) => {
    const type = headers.get(':event-type') ?? headers.get(':exception-type');
    return { type: type?.type === 'string' ? type.value : '', text: Buffer.from(payload).toString() };
  });
};

const delta = (index: number, text: string) =>
  event('contentBlockDelta', { delta: { text }, contentBlockIndex: index });
interface Delta {
  readonly delta: { readonly text: string };
  readonly contentBlockIndex: number;
}
const textOf = (messages: { type: string; text: string }[], index: number): string =>
  messages
    .filter(({ type }) => type === 'contentBlockDelta')
    .map(({ text }) => JSON.parse(text) as Delta)
    .filter(({ contentBlockIndex }) => contentBlockIndex === index)
    .map(({ delta: { text } }) => text)
    .join('');

describe('a conversation', () => {
  test('a secret in pieces is hidden, wherever it is cut, and blocks do not mix', async () => {
    const said = `write to ${mail} with ${accessKey}, é😀 done`;
    const letters = Array.from(said);
    const whole = 'write to [redacted:email] with [redacted:aws-access-key-id], é😀 done';
    for (let at = 0; at <= letters.length; at += 1) {
      const pieces = [letters.slice(0, at).join(''), letters.slice(at).join('')];
      const shown = await got('bedrock-runtime:ConverseStream', [
        event('messageStart', { role: 'assistant' }),
        delta(0, pieces[0]!),
        delta(1, accessKey.slice(0, 9)),
        delta(0, pieces[1]!),
        event('contentBlockStop', { contentBlockIndex: 0 }),
        delta(1, accessKey.slice(9)),
        event('messageStop', { stopReason: 'end_turn' }),
      ]);
      expect(textOf(shown, 0)).toBe(whole);
      expect(textOf(shown, 1)).toBe('[redacted:aws-access-key-id]');
      const types = shown.map(({ type }) => type);
      expect(types.lastIndexOf('contentBlockDelta')).toBeLessThan(types.indexOf('messageStop'));
    }
  });

  test('letter by letter, and what is held back comes before the block ends', async () => {
    const shown = await got('bedrock-runtime:ConverseStream', [
      ...Array.from(`key ${accessKey}`, (letter) => delta(0, letter)),
      event('contentBlockStop', { contentBlockIndex: 0 }),
    ]);
    expect(textOf(shown, 0)).toBe('key [redacted:aws-access-key-id]');
    expect(shown.at(-1)!.type).toBe('contentBlockStop');
  });

  test('a stream that ends without saying so loses nothing', async () => {
    const shown = await got('bedrock-runtime:ConverseStream', [delta(0, 'the end is AK'), delta(0, 'IA')]);
    expect(textOf(shown, 0)).toBe('the end is AKIA');
  });

  test('however the bytes arrive', async () => {
    const messages = [delta(0, `a ${mail.slice(0, 5)}`), delta(0, `${mail.slice(5)} b`)];
    const expected = await got('bedrock-runtime:ConverseStream', messages);
    for (const pieces of everyCut(Buffer.concat(messages.map(encodeEvent))))
      expect(await got('bedrock-runtime:ConverseStream', messages, { pieces: () => pieces })).toEqual(expected);
  });
});

describe('a model’s own words', () => {
  const chunk = (inner: unknown) =>
    event('chunk', { bytes: Buffer.from(JSON.stringify(inner)).toString('base64'), p: 'abcd' });
  const inner = ({ text }: { text: string }): unknown =>
    JSON.parse(Buffer.from((JSON.parse(text) as { bytes: string }).bytes, 'base64').toString());
  const anthropic = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });

  test('of pieces in blocks, put together again', async () => {
    const shown = await got('bedrock-runtime:InvokeModelWithResponseStream', [
      chunk({ type: 'message_start', message: { id: 'm', content: [] } }),
      ...Array.from(`${accessKey}!`, (letter) => chunk(anthropic(letter))),
      chunk({ type: 'content_block_stop', index: 0 }),
      chunk({ type: 'message_stop' }),
    ]);
    const deltas = shown.map(inner).filter((one) => (one as { delta?: unknown }).delta) as ReturnType<
      typeof anthropic
    >[];
    expect(deltas.map(({ delta: { text } }) => text).join('')).toBe('[redacted:aws-access-key-id]!');
    expect(shown.slice(-2).map(inner)).toEqual([{ type: 'content_block_stop', index: 0 }, { type: 'message_stop' }]);
  });

  test('of pieces in a row, of which the last says that it is', async () => {
    const shown = await got('bedrock-runtime:InvokeModelWithResponseStream', [
      chunk({ generation: `to ${mail.slice(0, 6)}`, stop_reason: null }),
      chunk({ generation: mail.slice(6), stop_reason: 'stop' }),
    ]);
    expect(shown.map(inner)).toEqual([
      { generation: 'to ', stop_reason: null },
      { generation: '[redacted:email]', stop_reason: 'stop' },
    ]);
  });
});

describe('bytes in pieces', () => {
  test.each([
    ['lambda:InvokeWithResponseStream', 'PayloadChunk', 'InvokeComplete'],
    ['s3:SelectObjectContent', 'Records', 'End'],
  ])('%s', async (operation, piece, end) => {
    const said = Buffer.from(`id,${mail},${accessKey}\n`);
    for (let at = 0; at <= said.length; at += 1) {
      const parts = [said.subarray(0, at), said.subarray(at)].map((part) =>
        event(piece, part, 'application/octet-stream'),
      );
      const stop = event(end, operation.startsWith('s3') ? '' : '{}');
      const shown = await got(operation, [parts[0]!, parts[1]!, stop], {
        protocol: operation.startsWith('s3') ? 'rest-xml' : 'rest-json',
      });
      const text = shown.filter(({ type }) => type === piece).map(({ text }) => text);
      expect(text.join('')).toBe('id,[redacted:email],[redacted:aws-access-key-id]\n');
      expect(shown.at(-1)!.type).toBe(end);
    }
  });
});

describe('events that are whole', () => {
  test('lines of a log, and records of a stream', async () => {
    const [update] = await got(
      'logs:StartLiveTail',
      [event('sessionUpdate', { sessionResults: [{ message: `login ${mail}` }], sessionMetadata: { sampled: false } })],
      { protocol: 'json' },
    );
    expect(update!.text).toBe(
      '{"sessionResults":[{"message":"login [redacted:email]"}],"sessionMetadata":{"sampled":false}}',
    );
    const [records] = await got(
      'kinesis:SubscribeToShard',
      [event('SubscribeToShardEvent', { Records: [{ Data: Buffer.from(mail).toString('base64') }] })],
      { protocol: 'json' },
    );
    const { Records } = JSON.parse(records!.text) as { Records: { Data: string }[] };
    expect(Buffer.from(Records[0]!.Data, 'base64').toString()).toBe('[redacted:email]');
  });

  test('errors within the stream', async () => {
    const [error] = await got('bedrock-runtime:ConverseStream', [
      event('throttlingException', { message: `not ${mail}` }, 'application/json', 'exception'),
    ]);
    expect(error).toEqual({ type: 'throttlingException', text: '{"message":"not [redacted:email]"}' });
  });

  test('what is broken ends the answer', async () => {
    const whole = encodeEvent(delta(0, 'abc'));
    const flipped = Buffer.from(whole);
    flipped[20]! ^= 1;
    for (const body of [flipped, whole.subarray(0, 30), Buffer.from('{"a":1}        ')])
      await expect(
        seen({ service: 'bedrock-runtime', operation: 'ConverseStream', protocol: 'rest-json', body }),
      ).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
  });
});
