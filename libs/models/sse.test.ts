import { describe, expect, test } from 'vitest';
import { EventReader, eventBytes, readEvents, type ServerSentEvent } from './index.js';

const all = (text: string | Uint8Array, cut: number, most?: number): ServerSentEvent[] => {
  const bytes = Buffer.from(text);
  const reader = new EventReader(most);
  const events: ServerSentEvent[] = [];
  for (let at = 0; at < bytes.length; at += cut) events.push(...reader.push(bytes.subarray(at, at + cut)));
  return events;
};
const seen = (events: readonly ServerSentEvent[]) =>
  events.filter(({ data }) => data !== undefined).map(({ name, data }) => [name, data]);

describe('a reader of server-sent events', () => {
  test.each([
    ['line feeds', '\n'],
    ['carriage returns', '\r'],
    ['both', '\r\n'],
  ])('ends lines at %s, wherever the bytes are cut', (_, end) => {
    const text = ['\ufeffevent: a', 'data: 1', '', ': note', 'data:2', 'data:  3', 'id: 7', '', 'data', '', ''].join(
      end,
    );
    for (let cut = 1; cut <= Buffer.byteLength(text); cut += 1) {
      const events = all(text, cut);
      expect(seen(events)).toEqual([
        ['a', '1'],
        ['', '2\n 3'],
        ['', ''],
      ]);
      const bytes = Buffer.concat(events.map((event) => event.bytes)).toString();
      // Where CR and LF of the very last end are cut apart, the LF would belong to an event that never comes.
      expect([text, text.slice(0, -1)]).toContain(bytes);
      if (end !== '\r\n') expect(bytes).toBe(text);
    }
  });

  test('passes a comment on at once, without the blank line that it may lack', () => {
    const reader = new EventReader();
    expect(reader.push(Buffer.from(': still here\n')).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      ': still here\n',
    ]);
    expect(reader.held).toBe(0);
  });

  test('keeps a comment inside an event with it', () => {
    const text = 'event: a\n: inside\ndata: 1\n\n';
    expect(all(text, 3).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([text]);
  });

  test('refuses an event that is too long, whole or not', () => {
    const refused = expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' });
    expect(() => all(`data: ${'x'.repeat(100)}`, 7, 64)).toThrow(refused);
    expect(() => all(`data: ${'x'.repeat(100)}\n\n`, 1000, 64)).toThrow(refused);
    expect(seen(all('data: 1\n\n'.repeat(50), 1000, 64))).toHaveLength(50);
  });

  test('refuses what is not UTF-8', () => {
    expect(() => all(Buffer.from([...Buffer.from('data: '), 0xc3, 0x28, 10, 10]), 3)).toThrow(
      expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' }),
    );
  });

  test('discards what has not ended', async () => {
    const body = async function* () {
      yield Buffer.from('data: 1\n\ndata: 2\n');
    };
    const events: ServerSentEvent[] = [];
    for await (const event of readEvents(body())) events.push(event);
    expect(seen(events)).toEqual([['', '1']]);
  });

  test('reads what it writes', () => {
    expect(seen(all(eventBytes('ping', '{"type":"ping"}'), 5))).toEqual([['ping', '{"type":"ping"}']]);
  });
});
