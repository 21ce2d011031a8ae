import { compileMasking, type MaskingOptions } from '@sallyport/masking';
import type { CopyDescription } from '@sallyport/sql';
import { sample } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { dataRow } from '../testing/data-row.js';
import { copyCleaner } from './copy-out.js';
import { Hidden } from './hidden.js';
import { Outbox } from './outbox.js';
import { cleanOne, cleanRun, type RowCleaner } from './rewriter.js';
import { rowCleaner } from './rows.js';
import { TargetSession, type TargetSessionOptions } from './target-session.js';
import { cstring, int16, type Message, MessageReader, message, typeOf } from './wire.js';

const options: MaskingOptions = { key: new Uint8Array(32) };
const masker = compileMasking(
  [
    { id: 'secret', kind: 'column', column: 'a.b.secret', action: 'partial' },
    { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
    { id: 'personal', kind: 'detector', detector: 'personal-data', action: 'redact' },
  ],
  options,
);
const mask = masker.column('a', 'b', 'secret');
const fields = ['id', 'secret', 'note'].map((name) => ({ name, table: 0, attribute: 0, type: 25, format: 0 }));
const text: CopyDescription = {
  direction: 'out',
  format: 'text',
  header: false,
  delimiter: '\t',
  null: '\\N',
  quote: '"',
  escape: '"',
};
const names = fields.map(({ name }) => name);
const response = { binary: false, columns: 3 };
const masks = [undefined, mask, undefined];
const noMasks = [undefined, undefined, undefined];

const cleaners: Record<string, () => RowCleaner> = {
  'COPY with a masked column': () => copyCleaner({ response, description: text, masks, masker, names }),
  'COPY that detectors look at': () => copyCleaner({ response, description: text, masks: noMasks, masker, names }),
  'COPY in CSV with a header': () =>
    copyCleaner({
      response,
      description: { ...text, format: 'csv', header: true, delimiter: ',', null: '' },
      masks,
      masker,
      names,
    }),
  'rows with a masked column': () => rowCleaner({ fields, masks, own: [], masker }),
  'rows that detectors look at': () => rowCleaner({ fields, masks: noMasks, own: [], masker }),
};

const values: readonly (readonly string[])[] = [
  ['1', 'plain text of the secret', 'nothing here'],
  ['2', '', 'mail ada@shop.test and eve@shop.test'],
  ['3', 'x'.repeat(300), ''],
  ['4', 'short', 'y'.repeat(2_000)],
  ['523-48-7719', 'secret of row five', 'é 4012888888881881 日本'],
  ['6', 'the last one', 'end'],
];

const messagesOf = (what: string): Buffer[] =>
  what.startsWith('rows')
    ? values.map((row) => dataRow(row.map((value) => Buffer.from(value))))
    : values.map((row) => message('d', Buffer.from(`${row.join(what.includes('CSV') ? ',' : '\t')}\n`)));

/** Each message alone, through a cleaner of its own kind. */
const oneByOne = (messages: readonly Buffer[], cleaner: RowCleaner): { bytes: Buffer; told: string | undefined } => {
  const hidden = new Hidden();
  const bytes = Buffer.concat(messages.map((one) => cleanOne(one, cleaner, hidden)));
  return { bytes, told: hidden.told() };
};

/** What the session does with what has arrived: runs, and between them messages that were cut. */
const drain = (reader: MessageReader, cleaner: RowCleaner, hidden: Hidden): Buffer[] => {
  const out: Buffer[] = [];
  for (;;) {
    for (const letter of ['d', 'D']) out.push(cleanRun(reader, typeOf(letter), cleaner, hidden) ?? Buffer.alloc(0));
    const next = reader.next();
    if (next === undefined) return out;
    out.push(cleanOne(next.raw, cleaner, hidden));
  }
};

describe.each(Object.entries(cleaners))('%s', (what, cleaner) => {
  const messages = messagesOf(what);
  const whole = Buffer.concat(messages);
  const expected = oneByOne(messages, cleaner());

  test('hides what it must', () => {
    expect(expected.told).toMatch(/^masked by the gateway: /);
    for (const found of ['4012888888881881', '523-48-7719', 'eve@shop.test'])
      expect(expected.bytes.includes(found), found).toBe(false);
    if (!what.includes('detectors')) expect(expected.bytes.includes('secret of row five')).toBe(false);
  });

  test('is the same wherever it is cut in two', () => {
    for (const cut of sample([...whole.keys(), whole.length])) {
      const [reader, hidden, one] = [new MessageReader(), new Hidden(), cleaner()];
      const out: Buffer[] = [];
      for (const piece of [whole.subarray(0, cut), whole.subarray(cut)]) {
        reader.push(Buffer.from(piece));
        out.push(...drain(reader, one, hidden));
      }
      expect(Buffer.concat(out).equals(expected.bytes), `cut at ${cut}`).toBe(true);
      expect(hidden.told()).toBe(expected.told);
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 64, 1_023, 1_025])('is the same in pieces of %d bytes', (size) => {
    const [reader, hidden, one] = [new MessageReader(), new Hidden(), cleaner()];
    const out: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) {
      reader.push(Buffer.from(whole.subarray(at, at + size)));
      out.push(...drain(reader, one, hidden));
    }
    expect(Buffer.concat(out).equals(expected.bytes)).toBe(true);
  });

  test('is made of whole messages whose lengths are right', () => {
    const reader = new MessageReader();
    reader.push(expected.bytes);
    let count = 0;
    while (reader.next() !== undefined) count += 1;
    expect([count, reader.buffered]).toEqual([messages.length, 0]);
  });
});

test('what nobody has to hide is handed on as it lies there, in one piece', () => {
  const piece = Buffer.concat([0, 1, 2].map((n) => message('d', Buffer.from(`${n}\tsome text\tmore\n`))));
  const reader = new MessageReader();
  reader.push(piece);
  const out = cleanRun(reader, typeOf('d'), cleaners['COPY that detectors look at']!(), new Hidden())!;
  expect([out.buffer, out.byteOffset, out.length]).toEqual([piece.buffer, piece.byteOffset, piece.length]);
  expect(reader.buffered).toBe(0);
});

test('masks that make every row longer than it was find room', () => {
  const cleaner = copyCleaner({
    response: { binary: false, columns: 1 },
    description: text,
    masks: [{ rule: 'r', action: 'hash', apply: () => 'm'.repeat(500) }],
    masker,
    names: ['x'],
  });
  const rows = Array.from({ length: 200 }, () => message('d', Buffer.from('x\n')));
  const reader = new MessageReader();
  reader.push(Buffer.concat(rows));
  const long = message('d', Buffer.from(`${'m'.repeat(500)}\n`));
  const out = cleanRun(reader, typeOf('d'), cleaner, new Hidden())!;
  expect(out.equals(Buffer.concat(rows.map(() => long)))).toBe(true);
});

test.each([
  ['a length below its own four bytes', Buffer.from([0x64, 0, 0, 0, 3])],
  ['a negative length', Buffer.from([0x64, 0xff, 0xff, 0xff, 0xff])],
])('a message with %s ends a run and is a violation', (_what, bytes) => {
  const row = message('d', Buffer.from('1\ttext\tmore\n'));
  const reader = new MessageReader();
  reader.push(Buffer.concat([row, bytes]));
  expect(cleanRun(reader, typeOf('d'), cleaners['COPY that detectors look at']!(), new Hidden())?.equals(row)).toBe(
    true,
  );
  expect(() => reader.next()).toThrow(/has length/);
});

describe('a session at the target', () => {
  const judged = {
    description: { flags: [], sessionEffects: {}, statements: [] },
    reaches: false,
    opaque: false,
    outputs: undefined,
  };

  interface Sent {
    readonly kind: number;
    readonly body: Uint8Array;
  }

  const sessionWith = (copy: RowCleaner): { session: TargetSession; outbox: Outbox; sent: Sent[] } => {
    const sent: Sent[] = [];
    const channel = {
      write: ({ kind, body }: Sent) => {
        sent.push({ kind, body: Buffer.from(body) });
        return true;
      },
      drained: async () => undefined,
    };
    const outbox = new Outbox(channel as never);
    const judge = { masker, judge: () => judged, copy: () => copy, rows: () => copy };
    const memory = { apply: () => ({ done: () => undefined, failed: () => undefined }), nextGroup: () => undefined };
    const session = new TargetSession({
      judge: () => judge,
      memory,
      outbox,
      send: () => undefined,
      resurvey: async () => true,
    } as unknown as TargetSessionOptions);
    const query = message('Q', cstring('copy a to stdout'));
    session.forward(1, [{ type: typeOf('Q'), raw: query, body: query.subarray(5) } satisfies Message], {
      reaches: false,
    });
    return { session, outbox, sent };
  };

  const reportOf = (letter: 'N' | 'E', severity: string): Buffer =>
    message(
      letter,
      cstring(`S${severity}`),
      cstring(`V${severity}`),
      cstring('C22000'),
      cstring('Mhalf way'),
      Buffer.from([0]),
    );
  const begins = message('H', Buffer.from([0]), int16(3), int16(0), int16(0), int16(0));
  const rows = messagesOf('COPY that detectors look at');
  const idle = message('Z', Buffer.from('I'));

  const answer = async (bytes: Buffer, size: number): Promise<Buffer> => {
    const { session, outbox, sent } = sessionWith(cleaners['COPY that detectors look at']!());
    const reader = new MessageReader();
    for (let at = 0; at < bytes.length; at += size) {
      reader.push(Buffer.from(bytes.subarray(at, at + size)));
      await session.take(reader);
      outbox.flush();
    }
    expect(session.busy).toBe(false);
    return Buffer.concat(sent.filter(({ body }) => body.length > 0).map(({ body }) => body));
  };

  const half = Math.ceil(rows.length / 2);
  const clean = rows.map((row) => cleanOne(row, cleaners['COPY that detectors look at']!(), new Hidden()));

  test.each([1, 7, 100, 1_000_000])(
    'keeps notices in their place among the rows, in pieces of %d bytes',
    async (size) => {
      const notice = reportOf('N', 'NOTICE');
      const end = [message('c'), message('C', cstring(`COPY ${rows.length}`)), idle];
      const out = await answer(
        Buffer.concat([begins, ...rows.slice(0, half), notice, notice, ...rows.slice(half), ...end]),
        size,
      );
      const told = out.subarray(0, out.length - Buffer.concat(end.slice(1)).length);
      const shown = Buffer.concat([begins, ...clean.slice(0, half), notice, notice, ...clean.slice(half), end[0]!]);
      expect(told.subarray(0, shown.length).equals(shown)).toBe(true);
      expect(told.subarray(shown.length).toString('latin1')).toContain('masked by the gateway: a row of this COPY');
    },
  );

  test.each([1, 7, 100, 1_000_000])('ends a COPY that fails half-way, in pieces of %d bytes', async (size) => {
    const failure = reportOf('E', 'ERROR');
    const out = await answer(Buffer.concat([begins, ...rows.slice(0, half), failure, idle]), size);
    expect(out.equals(Buffer.concat([begins, ...clean.slice(0, half), failure, idle]))).toBe(true);
  });

  test('takes no row where no COPY has begun', async () => {
    await expect(answer(Buffer.concat([rows[0]!, idle]), 1_000_000)).rejects.toThrow(/none was expected/);
  });

  test('releases nothing of a piece in which a row is not understood', async () => {
    const { session, sent } = sessionWith(cleaners['COPY with a masked column']!());
    const reader = new MessageReader();
    reader.push(Buffer.concat([begins, rows[0]!, message('d', Buffer.from('only one field\n'))]));
    await expect(session.take(reader)).rejects.toThrow(/not one row of the announced columns/);
    expect(sent).toEqual([]);
  });
});
