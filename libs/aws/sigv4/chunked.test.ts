import { createHash } from 'node:crypto';
import { rounds, sample, seededNumbers, seededRandom } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { signedChunks, unsignedChunks } from '../testing/chunked.js';
import { check, secret, signed } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { parseAuthorization } from './authorization.js';
import type { BodyEnd, BodyVerifier } from './body.js';
import { checksumOf } from './checksums.js';
import { chunkedLength, encodeChunked } from './chunked-encoder.js';

type Mode =
  | 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  | 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
  | 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const signedMode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const trailerMode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
const unsignedMode = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

const random = seededNumbers(12);
const randomBytes = seededRandom(13);
const upTo = (limit: number): number => Math.floor(random() * limit);

const base64 = (name: string, body: Uint8Array): string => {
  const checksum = checksumOf(name)?.();
  if (!checksum) return 'x';
  checksum.update(body);
  return checksum.digest();
};

/** A signed request whose payload is of the mode, and its body on the wire. */
const upload = (
  mode: Mode,
  body: Uint8Array,
  { size = 100, names = ['x-amz-checksum-crc32'], length = `${body.length}` } = {},
) => {
  const announced = mode === signedMode ? [] : names;
  const headers: [string, string][] = [
    ['host', 'localhost:9000'],
    ['content-encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', length],
    ...(announced.length > 0 ? [['x-amz-trailer', announced.join(',')] as [string, string]] : []),
  ];
  const request = signed({ method: 'PUT', path: '/bucket/key', query: '', headers }, { payload: mode });
  const seed = parseAuthorization(request);
  if (!seed.ok) throw new Error(seed.message);
  const trailers = announced.map((name) => `${name}:${base64(name, body)}`);
  const wire =
    mode === unsignedMode
      ? unsignedChunks(body, { size, trailers })
      : signedChunks(body, { size, ...(mode === trailerMode ? { trailers } : {}) }, secret, seed);
  return { request, wire };
};

const verifier = (request: AwsRequest): BodyVerifier => {
  const verified = check(request);
  if (!verified.ok) throw new Error(verified.message);
  return verified.readBody();
};

const decode = (request: AwsRequest, wire: Uint8Array, step: () => number): { body: Buffer; end: BodyEnd } => {
  const body = verifier(request);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < wire.length; ) {
    const size = step();
    pieces.push(...body.push(wire.subarray(at, at + size)));
    at += size;
  }
  return { body: Buffer.concat(pieces), end: body.finish() };
};
const whole = (request: AwsRequest, wire: Uint8Array) => decode(request, wire, () => wire.length);

const modes: Mode[] = [signedMode, trailerMode, unsignedMode];
const names = ['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256', 'sha512'].map(
  (name) => `x-amz-checksum-${name}`,
);

describe.each(modes)('%s', (mode) => {
  test('gives the body, whatever the pieces', () => {
    for (let round = 0; round < rounds(12); round += 1) {
      const body = randomBytes(upTo(600));
      const { request, wire } = upload(mode, body, { size: 1 + upTo(200), names: names.slice(upTo(names.length)) });
      for (const step of [() => 1, () => 7, () => 1 + upTo(90), () => wire.length]) {
        const decoded = decode(request, wire, step);
        expect(decoded.body.equals(body)).toBe(true);
        expect(decoded.end.length).toBe(body.length);
      }
    }
  });

  test('gives the same, cut in two at any byte', () => {
    const body = randomBytes(90);
    const { request, wire } = upload(mode, body, { size: 64 });
    for (const cut of sample([...wire.keys(), wire.length])) {
      const reader = verifier(request);
      const pieces = [...reader.push(wire.subarray(0, cut)), ...reader.push(wire.subarray(cut))];
      reader.finish();
      expect(Buffer.concat(pieces).equals(body)).toBe(true);
    }
  });

  test('is refused where it ends too early, at any byte', () => {
    const { request, wire } = upload(mode, randomBytes(90), { size: 64 });
    for (const size of sample(wire.keys()))
      expect(() => whole(request, wire.subarray(0, size))).toThrow(expect.objectContaining({ reason: 'truncated' }));
  });

  test('is refused with any byte changed', () => {
    const { request, wire } = upload(mode, randomBytes(90), { size: 64 });
    for (const at of sample(wire.keys())) {
      const changed = Buffer.from(wire);
      changed[at]! ^= 0x01;
      expect(() => whole(request, changed)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
    }
  });

  test('is refused with a byte after its end', () => {
    const { request, wire } = upload(mode, randomBytes(150));
    expect(() => whole(request, Buffer.concat([wire, Buffer.from('\n')]))).toThrow('after the end');
  });

  test.each([
    ['149', 'longer'],
    ['151', 'shorter'],
  ])('is refused where %s bytes are announced', (length, message) => {
    const { request, wire } = upload(mode, randomBytes(150), { length });
    expect(() => whole(request, wire)).toThrow(message);
  });

  test('stays refused: what came after cannot mend it', () => {
    const { request, wire } = upload(mode, randomBytes(150));
    const reader = verifier(request);
    expect(() => reader.push(Buffer.from('x\r\n'))).toThrow('not understood');
    expect(() => reader.push(wire)).toThrow('not understood');
    expect(() => reader.finish()).toThrow('not understood');
  });

  test('gives views of what came, not copies', () => {
    const { request, wire } = upload(mode, randomBytes(150), { size: 150 });
    expect(
      verifier(request)
        .push(wire)
        .map(({ buffer }) => buffer === wire.buffer),
    ).toEqual([true]);
  });

  test('never holds a line without end', () => {
    const { request } = upload(mode, randomBytes(150));
    const reader = verifier(request);
    const endless = (): void => {
      for (let count = 0; count < 10_000; count += 1) reader.push(Buffer.from('0'));
    };
    expect(endless).toThrow('too long');
  });
});

const lines = (wire: Uint8Array): string => Buffer.from(wire).toString('latin1');
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('signed chunks are refused', () => {
  const body = Buffer.alloc(150, 'x');
  const { request, wire } = upload(signedMode, body, { size: 64 });
  const [first, second] = [lines(wire).slice(0, 151), lines(wire).slice(151, 302)];

  test.each([
    ['without a signature', lines(wire).replace(/;chunk-signature=\w+/, '')],
    ['with a last chunk that is not signed', lines(wire).replace(/0;chunk-signature=\w+(\r\n\r\n)$/, '0$1')],
    ['in another order', `${second}${first}${lines(wire).slice(302)}`],
    ['one left out', `${second}${lines(wire).slice(302)}`],
    ['one twice', `${first}${lines(wire)}`],
  ])('%s', (_, changed) => {
    expect(second.startsWith('40;chunk-signature=') && second.endsWith('x\r\n')).toBe(true);
    expect(() => whole(request, bytes(changed))).toThrow(expect.objectContaining({ reason: 'signature' }));
  });

  test('of another request', () => {
    const other = upload(signedMode, body, { size: 64, length: '0150' });
    expect(() => whole(other.request, wire)).toThrow('signature of a chunk');
  });

  test('with a trailer that nobody signed', () => {
    const changed = lines(wire).replace(/\r\n$/, 'x-amz-checksum-crc32:AAAAAA==\r\n\r\n');
    expect(() => whole(request, bytes(changed))).toThrow('does not announce');
  });
});

describe('trailers are refused', () => {
  const body = Buffer.from('hello');
  const sum = `x-amz-checksum-crc32:${base64('x-amz-checksum-crc32', body)}`;
  const { request } = upload(unsignedMode, body);
  const wire = (...trailers: string[]): Buffer => unsignedChunks(body, { size: 100, trailers });

  test('with the checksum of another body', () => {
    expect(whole(request, wire(sum)).end.trailers).toEqual([['x-amz-checksum-crc32', 'NhCmhg==']]);
    expect(() => whole(request, wire('x-amz-checksum-crc32:AAAAAA=='))).toThrow(
      expect.objectContaining({ reason: 'checksum' }),
    );
  });

  test.each([
    ['that are missing', []],
    ['that come twice', [sum, sum]],
    ['that were not announced', [sum, 'x-amz-meta-a:b']],
    ['that are no headers', [sum, 'x']],
    ['with a signature where none is', [sum, `x-amz-trailer-signature:${'0'.repeat(64)}`]],
  ])('%s', (_, trailers) => {
    expect(() => whole(request, wire(...trailers))).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });

  test('without their signature, with a wrong one, and with a trailer after it', () => {
    const made = upload(trailerMode, body);
    const signature = /x-amz-trailer-signature:\w{64}\r\n/;
    const text = lines(made.wire);
    expect(whole(made.request, made.wire).body.toString()).toBe('hello');
    const failing = (changed: string) => expect(() => whole(made.request, bytes(changed)));
    failing(text.replace(signature, '')).toThrow(expect.objectContaining({ reason: 'signature' }));
    failing(text.replace(signature, `x-amz-trailer-signature:${'0'.repeat(64)}\r\n`)).toThrow(
      'trailers does not match',
    );
    failing(text.replace(signature, `$&$&`)).toThrow('after the trailers');
  });

  test('larger than a few kilobytes', () => {
    const many = upload(unsignedMode, body, { names: ['x-amz-meta-a'] });
    expect(() => whole(many.request, wire(`x-amz-meta-a:${'x'.repeat(9000)}`))).toThrow('too long');
  });
});

describe('chunks are refused', () => {
  const { request } = upload(unsignedMode, Buffer.from('hello'));
  test.each([
    ['of a size that is no number', 'g\r\n'],
    ['of a negative size', '-1\r\n'],
    ['of a size that no object has', '200000000\r\n'],
    ['of a size with a blank', ' 5\r\n'],
    ['without a size', '\r\n'],
    ['whose line ends without a carriage return', '5\nhello\r\n'],
    ['with a signature where none is', `5;chunk-signature=${'0'.repeat(64)}\r\n`],
    ['with an extension', '5;a=b\r\n'],
    ['longer than their size', '4\r\nhello\r\n'],
  ])('%s', (_, text) => {
    expect(() => whole(request, bytes(text))).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });
});

describe('an announcement is refused:', () => {
  const announcing = (payload: string, ...headers: [string, string][]) =>
    check(signed({ method: 'PUT', path: '/b/k', query: '', headers: [['host', 'x'], ...headers] }, { payload }));
  test.each<[string, string, string, [string, string]]>([
    ['a checksum that is not known', 'unsupported', unsignedMode, ['x-amz-trailer', 'x-amz-checksum-xxhash64']],
    ['a trailer that is no header of AWS', 'malformed', unsignedMode, ['x-amz-trailer', 'content-length']],
    ['the signature as a trailer', 'malformed', trailerMode, ['x-amz-trailer', 'x-amz-trailer-signature']],
    ['a trailer twice', 'malformed', unsignedMode, ['x-amz-trailer', 'x-amz-checksum-crc32,x-amz-checksum-CRC32']],
    ['a trailer where none can come', 'malformed', signedMode, ['x-amz-trailer', 'x-amz-checksum-crc32']],
    ['a length that is no number', 'malformed', signedMode, ['x-amz-decoded-content-length', '1e3']],
  ])('%s', (_, reason, payload, header) => {
    expect(announcing(payload)).toMatchObject({ ok: true });
    expect(announcing(payload, header)).toMatchObject({ reason });
  });
});

describe('a body in one piece', () => {
  const hash = createHash('sha256').update('hello').digest('hex');
  const request = signed({ method: 'PUT', path: '/b/k', query: '', headers: [['host', 'x']] }, { payload: hash });

  test('is taken with its hash, and refused with another', () => {
    expect(decode(request, Buffer.from('hello'), () => 2)).toMatchObject({ end: { length: 5, trailers: [] } });
    expect(() => whole(request, Buffer.from('hellO'))).toThrow(expect.objectContaining({ reason: 'hash' }));
    expect(() => whole(request, Buffer.from('hell'))).toThrow(expect.objectContaining({ reason: 'hash' }));
  });

  test('that is not signed is taken as it is', () => {
    const unsigned = signed({ method: 'PUT', path: '/b/k', query: '', headers: [['host', 'x']] });
    expect(whole(unsigned, Buffer.from('anything')).end.length).toBe(8);
  });

  test('takes nothing after its end', () => {
    const reader = verifier(request);
    reader.push(Buffer.from('hello'));
    reader.finish();
    expect(() => reader.push(Buffer.from('!'))).toThrow('after its end');
  });
});

test('a checksum is the same, whatever the pieces', () => {
  for (const name of names) {
    const body = randomBytes(1000);
    const pieces = checksumOf(name)!();
    for (let at = 0; at < body.length; ) pieces.update(body.subarray(at, (at += upTo(20))));
    expect(pieces.digest()).toBe(base64(name, body));
  }
});

test('checksums are those of their definitions', () => {
  const digits = Buffer.from('123456789');
  const hex = (name: string): string => Buffer.from(base64(`x-amz-checksum-${name}`, digits), 'base64').toString('hex');
  expect(hex('crc32')).toBe('cbf43926');
  expect(hex('crc32c')).toBe('e3069283');
  expect(hex('crc64nvme')).toBe('ae8b14860a799888');
});

test('what goes on to AWS in chunks is what the gateway itself would take, and as long as said', async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 300_000]) {
    const body = randomBytes(size);
    const { request } = upload(unsignedMode, body, { names });
    const source = async function* () {
      for (let at = 0; at < size; at += 50_000) yield body.subarray(at, at + 50_000);
    };
    const pieces: Uint8Array[] = [];
    for await (const piece of encodeChunked(source(), names)) pieces.push(piece);
    const wire = Buffer.concat(pieces);
    expect(whole(request, wire).body.equals(body)).toBe(true);
    expect(wire.length).toBe(chunkedLength(size, names));
  }
  expect(() => chunkedLength(1, ['x-amz-meta-a'])).toThrow('not supported');
});

describe('a checksum that ends with LF and an empty line, as AWS documents it and minio-go sends it', () => {
  const bare = (wire: Buffer): Buffer =>
    Buffer.from(wire.toString('latin1').replace(/(x-amz-checksum-[^\r]*)\r\n/g, '$1\n\r\n'), 'latin1');

  test.each([trailerMode, unsignedMode] as const)('is read: %s', (mode) => {
    const { request, wire } = upload(mode, Buffer.from('abc'), { names: names.slice(0, 2) });
    for (const step of [1, 2, wire.length]) {
      const { body, end } = decode(request, bare(wire), () => step);
      expect(body.toString()).toBe('abc');
      expect(end.trailers.map(([name]) => name)).toEqual(names.slice(0, 2));
    }
  });

  test.each<[string, (wire: string) => string]>([
    ['with something in the line after it', (wire) => wire.replace(/(crc32:[^\r]*)\r\n/, '$1\nx\r\n')],
    ['with another LF after it', (wire) => wire.replace(/(crc32:[^\r]*)\r\n/, '$1\n\n')],
    ['at the end of a chunk', (wire) => wire.replace('abc\r\n', 'abc\n')],
    ['as the end of the body', (wire) => wire.replace(/\r\n$/, '\n')],
  ])('is refused %s', (_, change) => {
    const { request, wire } = upload(unsignedMode, Buffer.from('abc'));
    const changed = Buffer.from(change(wire.toString('latin1')), 'latin1');
    expect(() => whole(request, changed)).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });
});
