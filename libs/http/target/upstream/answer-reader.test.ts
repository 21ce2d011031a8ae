import { expect, test } from 'vitest';
import { type AnswerHead, AnswerReader, NoAnswer } from './answer-reader.js';

interface Read {
  readonly heads: Pick<AnswerHead, 'status' | 'keeps'>[];
  readonly headers: AnswerHead['headers'];
  readonly body: string;
  readonly wanted: number;
  readonly ends: number;
  readonly rest: number;
}

/** @param cuts where the bytes are cut on their way */
function read(text: string, { cuts = [], method = 'GET' }: { cuts?: readonly number[]; method?: string } = {}): Read {
  const heads: AnswerHead[] = [];
  const told = { body: '', wanted: 0, ends: 0, rest: 0 };
  const reader = new AnswerReader(method, {
    goOn: () => void (told.wanted += 1),
    head: (head) => void heads.push(head),
    body: (bytes) => void (told.body += bytes.toString('latin1')),
    end: () => void (told.ends += 1),
  });
  const bytes = Buffer.from(text, 'latin1');
  const edges = [0, ...cuts, bytes.length];
  for (const [index, edge] of edges.slice(1).entries()) {
    const piece = bytes.subarray(edges[index], edge);
    told.rest += piece.length - reader.push(piece);
  }
  reader.close();
  return {
    ...told,
    heads: heads.map(({ status, keeps }) => ({ status, keeps })),
    headers: heads.flatMap(({ headers }) => headers),
  };
}

const whole: readonly [string, string, string, boolean][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-a:  b \r\n\r\nabcde', 'abcde', true],
  ['no body', 'HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n', '', true],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n',
    'abc0123456789',
    true,
  ],
  [
    'trailers',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\ny: 2\r\n\r\n',
    'a',
    true,
  ],
  ['its end with the connection', 'HTTP/1.1 200 OK\r\netag: "a"\r\n\r\nabc', 'abc', false],
  ['a connection that closes', 'HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 1\r\n\r\na', 'a', false],
  ['an old version', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na', 'a', false],
  [
    'interim answers',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na',
    'a',
    true,
  ],
  ['bytes beyond ASCII', 'HTTP/1.1 200 \xfc\r\nx-a: \xe9\r\ncontent-length: 2\r\n\r\n\xff\x00', '\xff\x00', true],
];

test.each(whole)('an answer with %s is read the same, wherever it is cut', (_what, text, body, keeps) => {
  const once = read(text);
  expect(once).toMatchObject({ body, ends: 1, rest: 0, heads: [{ keeps }] });
  for (let first = 1; first < text.length; first += 1) {
    expect(read(text, { cuts: [first] })).toEqual(once);
    expect(read(text, { cuts: [first, Math.min(first + 1, text.length)] })).toEqual(once);
  }
  expect(read(text, { cuts: Array.from({ length: text.length - 1 }, (_, index) => index + 1) })).toEqual(once);
});

test('names are told in lower case, values without the blanks around them, duplicates in their order', () => {
  const { headers } = read('HTTP/1.1 200 OK\r\nX-A:\t b c \r\nx-a:\r\ncontent-length: 0\r\n\r\n');

  expect(headers).toEqual([
    ['x-a', 'b c'],
    ['x-a', ''],
    ['content-length', '0'],
  ]);
});

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n'],
])('an answer to %s that has no body ends with its head: %j', (method, text) => {
  expect(read(text, { method })).toMatchObject({ body: '', ends: 1, heads: [{ keeps: true }] });
});

test('what follows the end of an answer is not its', () => {
  const text = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc';

  expect(read(text)).toMatchObject({ body: 'a', rest: 2 });
  expect(read(text, { cuts: [text.length - 2] })).toMatchObject({ body: 'a', rest: 2 });
});

test('an answer that is not whole has no end', () => {
  expect(read('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab').ends).toBe(0);
  expect(read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n').ends).toBe(0);
  expect(read('HTTP/1.1 200 OK\r\ncontent-le').ends).toBe(0);
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH\r\n'],
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['no status', 'HTTP/1.1 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a change of protocol', 'HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n'],
  ['a blank before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 1\r\n\r\na'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\n\r\n'],
  ['a bare line feed', 'HTTP/1.1 200 OK\r\nx-a: b\nx-c: d\r\n\r\n'],
  ['a bare carriage return', 'HTTP/1.1 200 OK\r\nx-a: b\rx-c: d\r\n\r\n'],
  ['a zero byte', 'HTTP/1.1 200 OK\r\nx-a: b\0\r\n\r\n'],
  ['no name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\na'],
  ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['chunks twice', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['an encoding before chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n'],
  ['a chunk of no size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ['a chunk of a negative size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n'],
  ['a chunk of a size beyond numbers', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'f'.repeat(17)}\r\n`],
  ['a chunk that is longer than it says', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n'],
  ['a trailer that is none', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(40_000)}`],
  ['a line between chunks without end', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'a'.repeat(5_000)}`],
  [
    'trailers without end',
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${`x: ${'a'.repeat(4_000)}\r\n`.repeat(9)}\r\n`,
  ],
  ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2_000)],
])('%s is no answer, wherever it is cut', (_what, text) => {
  expect(() => read(text)).toThrow(NoAnswer);
  const bytes = Array.from({ length: Math.min(text.length, 6_000) - 1 }, (_, index) => index + 1);
  expect(() => read(text, { cuts: bytes })).toThrow(NoAnswer);
});
