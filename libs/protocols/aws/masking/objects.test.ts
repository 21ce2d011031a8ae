import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { maskingOf } from './index.js';
import { margin } from './ranges.js';
import { type Answer, accessKey, everyCut, githubToken, mail, maskerOf, seen, usual } from './testing/answers.js';

const object = (body: Uint8Array | string, more: Partial<Answer> = {}) =>
  seen({ service: 's3', operation: 'GetObject', protocol: 'rest-xml', method: 'GET', body, ...more });

const canaries = [accessKey, githubToken, mail];
/** Half of a secret is a leak too. */
const holdsSome = (text: string): boolean =>
  canaries.some((canary) =>
    Array.from({ length: canary.length - 7 }, (_, at) => canary.slice(at, at + 8)).some((part) => text.includes(part)),
  );

describe('objects', () => {
  test('what is hidden is as long as it was, wherever the body is cut', async () => {
    const body = Buffer.from(`id,mail\n1,${mail}\n2,x@y.de\nkey ${accessKey} and ${githubToken}\n`);
    const first = await object(body);
    expect(first.bytes.length).toBe(body.length);
    expect(first.text).toBe(
      'id,mail\n1,[redacted]***\n2,******\nkey [redacted]********** and [redacted:github-token]*****************\n'.replace(
        /\[redacted:github-token\]\*+/,
        `[redacted:github-token]${'*'.repeat(githubToken.length - 23)}`,
      ),
    );
    for (const pieces of everyCut(body)) expect((await object(body, { pieces: () => pieces })).text).toBe(first.text);
    expect([first.maskedFields, first.maskedBy]).toEqual([4, ['people', 'secrets']]);
  });

  test('no digest of the body leaves, its tag and length do', async () => {
    const got = await object('plain', {
      headers: [
        ['etag', '"abc"'],
        ['x-amz-checksum-crc32', 'AAAAAA=='],
        ['content-md5', 'x'],
        ['x-amz-meta-owner', mail],
        ['x-amz-meta-password', 'hunter22'],
        ['x-amz-meta-note', `=?UTF-8?B?${Buffer.from(`é ${mail}`).toString('base64')}?=`],
        ['set-cookie', 'a=b'],
        ['x-amz-security-token', 'abc'],
        ['x-amz-request-id', 'R1'],
      ],
    });
    expect(got.headers).toEqual({
      etag: '"abc"',
      'x-amz-meta-owner': '[redacted:email]',
      'x-amz-meta-password': '[redacted:key-value-secret]',
      'x-amz-meta-note': '[redacted]',
      'x-amz-request-id': 'R1',
      'content-length': '5',
    });
  });

  test('bytes that are no text come out as they were', async () => {
    const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 251));
    expect((await object(body)).bytes.equals(body)).toBe(true);
  });

  test('a value without end is hidden as it comes, and not kept', async () => {
    const stream = maskerOf({ id: 's', kind: 'detector', detector: 'secrets', action: 'redact' }).stream({
      sameLength: true,
    });
    const piece = Buffer.alloc(64 * 1024, 'Q');
    let [length, held] = [stream.push(Buffer.from('-- password="')).length, 0];
    for (let round = 0; round < 200; round += 1) {
      const output = stream.push(piece);
      expect(Buffer.from(output).includes('QQ')).toBe(false);
      length += output.length;
      held = Math.max(held, stream.held);
      expect(length).toBeGreaterThan(round * piece.length);
    }
    length += stream.push(Buffer.from('" end')).length + stream.end().length;
    expect(length).toBe(200 * piece.length + 18);
    expect(held).toBeLessThan(16 * 1024);
  });
});

describe('ranges', () => {
  const text = `${'lorem ipsum '.repeat(4000)}${accessKey}${' dolor sit '.repeat(4000)}`;
  const whole = Buffer.from(text);
  const at = whole.indexOf(accessKey);

  /** What a target would send for the range that it is asked for. */
  const ranged = async (range: string, body = whole, more: Partial<Answer> = {}) => {
    const asked = [['range', range]] as const;
    const call = {
      service: 's3',
      operation: 'GetObject',
      protocol: 'rest-xml',
      method: 'GET',
      query: '',
      headers: asked,
    } as const;
    const sent = maskingOf(call, usual, { binary: 'scan' }).headers.find(([name]) => name === 'range')![1];
    const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(sent)!;
    const begin = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
    const end = first === '' || last === '' ? body.length : Math.min(body.length, Number(last) + 1);
    return object(body.subarray(begin, end), {
      asked,
      status: 206,
      headers: [['content-range', `bytes ${begin}-${end - 1}/${body.length}`]],
      ...more,
    });
  };

  test('show of a masked object what a range of it would', async () => {
    const masked = (await object(whole)).bytes;
    expect(holdsSome(masked.toString())).toBe(false);
    const spans = [
      [at + 5, at + 9],
      [at - 3, at + 4],
      [at + 18, at + 30],
      [0, 99],
      [at, at],
      [whole.length - 5, whole.length + 99],
    ];
    for (const [first, last] of spans as [number, number][]) {
      const got = await ranged(`bytes=${first}-${last}`);
      const end = Math.min(whole.length, last + 1);
      expect(got.text).toBe(masked.subarray(first, end).toString());
      expect(got.headers['content-range']).toBe(`bytes ${first}-${end - 1}/${whole.length}`);
      expect(got.headers['content-length']).toBe(String(end - first));
    }
    expect((await ranged(`bytes=${at + 2}-`)).text).toBe(masked.subarray(at + 2).toString());
    expect((await ranged('bytes=-44003')).text).toBe(masked.subarray(-44003).toString());
  });

  test('byte by byte no secret is put together', async () => {
    let got = '';
    for (let position = at - 1; position < at + accessKey.length + 1; position += 1)
      got += (await ranged(`bytes=${position}-${position}`)).text;
    expect(got).toBe(' [redacted]********** ');
  });

  test('what was not asked for is fetched as a margin, and nothing more', () => {
    const sent = (range: string) =>
      maskingOf(
        {
          service: 's3',
          operation: 'GetObject',
          protocol: 'rest-xml',
          method: 'GET',
          query: '',
          headers: [['range', range]],
        },
        usual,
        { binary: 'scan' },
      ).headers;
    expect(sent('bytes=100000-100009')).toEqual([['range', `bytes=${100000 - margin}-${100009 + margin}`]]);
    expect(sent('bytes=5-')).toEqual([['range', 'bytes=0-']]);
    expect(sent('bytes=-10')).toEqual([['range', `bytes=-${10 + margin}`]]);
    expect(sent('lines=1-2')).toEqual([['range', 'lines=1-2']]);
    expect(() => sent('bytes=0-1,5-6')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  test('beyond the end there is nothing, although the margin has met something', async () => {
    const got = await ranged('bytes=20-30', Buffer.from('short'));
    expect([got.status, got.headers['content-range']]).toEqual([416, 'bytes */5']);
    expect(got.text).not.toContain('short');
  });

  test.each([
    ['says nothing of its place', []],
    [
      'is compressed',
      [
        ['content-range', 'bytes 0-4/9'],
        ['content-encoding', 'gzip'],
      ],
    ],
    ['was asked for by number', [['content-range', 'bytes 0-4/9']]],
  ] as const)('a part that %s is refused', async (_, headers) => {
    await expect(object('abcde', { status: 206, headers })).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
  });

  test('another part than was asked for is refused', async () => {
    const headers = [['content-range', 'bytes 10-14/99']] as const;
    const asked = [['range', 'bytes=5-12']] as const;
    await expect(object('abcde', { status: 206, headers, asked })).rejects.toThrow('another part');
  });

  test('a part that ends before its time is an error, not an end', async () => {
    const headers = [['content-range', 'bytes 0-8/9']] as const;
    const asked = [['range', 'bytes=0-8']] as const;
    await expect(object('abcde', { status: 206, headers, asked })).rejects.toMatchObject({
      code: 'RESPONSE_NOT_UNDERSTOOD',
    });
  });
});

describe('encodings', () => {
  const plain = Buffer.from(`${'lorem ipsum '.repeat(9000)}${accessKey}`);
  test.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
    ['br', brotliCompressSync, brotliDecompressSync],
  ] as const)('%s: what is inside is masked, and sent in it again', async (encoding, encode, decode) => {
    const got = await object(encode(plain), { headers: [['content-encoding', encoding]] });
    const inside = decode(got.bytes).toString();
    expect(inside).toBe(plain.toString().replace(accessKey, '[redacted]**********'));
    expect(got.headers['content-encoding']).toBe(encoding);
    expect(got.headers['content-length']).toBeUndefined();
  });

  test('a bomb, a broken body and an unknown encoding end the answer', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
    for (const [encoding, body] of [
      ['gzip', bomb],
      ['gzip', gzipSync(plain).subarray(0, 99)],
      ['gzip', plain],
      ['lzma', plain],
    ] as const)
      await expect(object(body, { headers: [['content-encoding', encoding]] })).rejects.toMatchObject({
        code: 'RESPONSE_NOT_UNDERSTOOD',
      });
  });
});

describe('gzip files', () => {
  test('are opened where they are short; one with nothing in it stays as it is', async () => {
    const file = gzipSync(`{"key":"${accessKey}"}\n${'lorem '.repeat(99)}`);
    const got = await object(file);
    expect(gunzipSync(got.bytes).toString()).toContain('{"key":"[redacted:aws-access-key-id]"}');
    expect(got.headers['content-length']).toBe(String(got.bytes.length));
    const clean = gzipSync('nothing here', { level: 1 });
    expect((await object(clean)).bytes.equals(clean)).toBe(true);
  });

  test('how an object is encoded is not for the client to say', async () => {
    const query = 'versionId=1&response-content-encoding=identity';
    await expect(object(gzipSync(accessKey), { query })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

describe('objects that are no text', () => {
  const zip = Buffer.from(`PK\u0003\u0004${accessKey}`);
  test('are scanned, refused or passed, as the connection says', async () => {
    expect((await object(zip)).text).toBe('PK\u0003\u0004[redacted]**********');
    expect((await object(zip, { binary: 'pass' })).bytes.equals(zip)).toBe(true);
    await expect(object(zip, { binary: 'deny' })).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
  });
  test('text is scanned whatever the rule', async () => {
    const binary = ['pass', 'deny'] as const;
    for (const rule of binary)
      expect((await object(`é ${accessKey}`, { binary: rule })).text).toBe('é [redacted]**********');
  });
});

describe('payloads', () => {
  test('of a function: as a document, with its length', async () => {
    const got = await seen({
      service: 'lambda',
      operation: 'Invoke',
      protocol: 'rest-json',
      body: JSON.stringify({ user: { mail, password: 'hunter22' }, n: 17 }),
      headers: [['x-amz-log-result', Buffer.from(`START\nkey ${accessKey}\nEND`).toString('base64')]],
    });
    expect(JSON.parse(got.text)).toEqual({
      user: { mail: '[redacted:email]', password: '[redacted:key-value-secret]' },
      n: 17,
    });
    expect(got.headers['content-length']).toBe(String(got.bytes.length));
    expect(Buffer.from(got.headers['x-amz-log-result']!, 'base64').toString()).toContain(
      'key [redacted:aws-access-key-id]',
    );
  });

  test('that the model marks are hidden whole', async () => {
    const got = await seen({
      service: 'appconfigdata',
      operation: 'GetLatestConfiguration',
      protocol: 'rest-json',
      method: 'GET',
      body: '{"a":1}',
    });
    expect([got.text, got.headers['content-length']]).toEqual(['[redacted:aws-model]', '20']);
  });

  test('nothing is nothing', async () => {
    const head = await object('', { method: 'HEAD', headers: [['x-amz-meta-who', mail]] });
    expect([head.text, head.headers['x-amz-meta-who']]).toEqual(['', '[redacted:email]']);
    expect((await object('', { status: 304 })).text).toBe('');
  });
});

test.each(['response-content-encodin%67', '%72esponse-content-encoding', 'x=1&response%2Dcontent%2Dencoding'])(
  'an object is not said to be plain that is not, however the key is spelled: %s',
  async (key) => {
    const body = brotliCompressSync(Buffer.from(`key ${accessKey}`));
    await expect(object(body, { query: `${key}=identity` })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  },
);
