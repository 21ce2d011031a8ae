/** Secrets planted by chance, from a fixed seed, in every kind of answer: neither they nor parts of them come out. */

import { encodeEvent } from '@sallyport/aws';
import { rounds } from '@sallyport/testkit/seeded';
import { expect, test } from 'vitest';
import { accessKey, githubToken, mail, maskerOf, seen } from './testing/answers.js';

let state = 7;
const below = (limit: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % limit;
};
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

const canaries = [accessKey, githubToken, mail];
const holdsSome = (text: string): boolean =>
  canaries.some((canary) =>
    Array.from({ length: canary.length - 7 }, (_, at) => canary.slice(at, at + 8)).some((part) => text.includes(part)),
  );
/** As it is, and as whoever gets it would open it. */
const opened = (text: string, level = 0): string => {
  const inside = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([found]) =>
    Buffer.from(found, 'base64').toString('latin1'),
  );
  const percent = /%[0-9A-F]{2}/.test(text)
    ? [text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))]
    : [];
  const plain = text.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [text, plain, ...(level < 2 ? [...inside, ...percent].map((one) => opened(one, level + 1)) : [])].join('\n');
};

const words = [
  'lorem',
  'ipsum é',
  '日本',
  'a "quoted" one',
  'back\\slash',
  '<tag> & more',
  '',
  '2026-01-15T10:00:00Z',
  'arn:aws:s3:::bucket/key',
];
const escaped = (text: string): string =>
  Array.from(text, (letter) =>
    below(4) === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
  ).join('');

interface Planted {
  readonly text: string;
  /** As a literal of JSON. */
  readonly json: string;
}
const planted = (canary: string): Planted => {
  const text = `${oneOf(words)} ${canary} ${oneOf(words)}`;
  const form = below(5);
  if (form === 0) return { text, json: `"${escaped(canary)}"` };
  if (form === 1)
    return {
      text: Buffer.from(text).toString('base64'),
      json: JSON.stringify(
        Buffer.from(`${text}  `.slice(0, -(Buffer.byteLength(text) % 3) || undefined)).toString('base64'),
      ),
    };
  if (form === 2) return { text, json: JSON.stringify(JSON.stringify({ in: { it: canary, n: [1] } })) };
  if (form === 3) return { text, json: JSON.stringify(encodeURIComponent(JSON.stringify({ Statement: canary }))) };
  return { text, json: JSON.stringify(text) };
};

const blank = (): string => oneOf(['', '', ' ', '\n  ', '\t']);
const jsonOf = (depth: number, secrets: boolean): string => {
  const kind = depth > 4 ? below(3) : below(5);
  if (kind === 0) return secrets ? planted(oneOf(canaries)).json : JSON.stringify(oneOf(words));
  if (kind === 1) return oneOf(['17', '-0.5e3', 'true', 'null', '1700000000.123']);
  if (kind === 2) return JSON.stringify(oneOf(words));
  const parts = Array.from({ length: below(4) }, () => jsonOf(depth + 1, secrets));
  if (kind === 3) return `[${blank()}${parts.join(`${blank()},${blank()}`)}${blank()}]`;
  const key = (index: number): string =>
    JSON.stringify(
      secrets && below(6) === 0 ? `${index} ${oneOf(canaries)}` : `${oneOf(['Name', 'Items', 'S', 'é', 'M'])}${index}`,
    );
  return `{${blank()}${parts.map((part, index) => `${key(index)}${blank()}:${blank()}${part}`).join(',')}${blank()}}`;
};

const xmlText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const xmlOf = (depth: number, secrets: boolean): string => {
  const name = oneOf(['member', 'item', 'Name', 'Value', 'Key', 'x']);
  if (depth > 3 || below(3) === 0) {
    const text = secrets ? planted(oneOf(canaries)).text : oneOf(words);
    return oneOf([
      `<${name}>${xmlText(text)}</${name}>`,
      `<${name} a="b">${xmlText(text)}</${name}>`,
      `<${name}/>`,
      `<${name}><![CDATA[${text}]]></${name}>`,
    ]);
  }
  return `<${name}>${blank()}${Array.from({ length: below(4) }, () => xmlOf(depth + 1, secrets)).join(blank())}${blank()}</${name}>`;
};

const services = [
  ['dynamodb', 'GetItem', 'json'],
  ['logs', 'FilterLogEvents', 'json'],
  ['lambda', 'ListFunctions', 'rest-json'],
  ['newservice', 'NewOperation', 'json'],
] as const;
const xmlServices = [
  ['ec2', 'DescribeInstances', 'ec2'],
  ['iam', 'ListRoles', 'query'],
  ['s3', 'ListObjectsV2', 'rest-xml'],
] as const;

test('JSON: nothing of them comes out, and what comes out is JSON', async () => {
  let hidden = 0;
  for (let round = 0; round < rounds(600); round += 1) {
    const [service, operation, protocol] = oneOf(services);
    const body = `{"Items":[${jsonOf(0, true)}],"more":${jsonOf(0, true)}}`;
    const { text, maskedFields, headers, bytes } = await seen({
      service,
      operation,
      protocol,
      body,
      status: oneOf([200, 400]),
    });
    hidden += maskedFields;
    expect(() => void JSON.parse(text)).not.toThrow();
    expect(holdsSome(opened(text)), body).toBe(false);
    expect(headers['content-length']).toBe(String(bytes.length));
  }
  expect(hidden).toBeGreaterThan(rounds(500));
});

test('XML: nothing of them comes out', async () => {
  let hidden = 0;
  for (let round = 0; round < rounds(600); round += 1) {
    const [service, operation, protocol] = oneOf(xmlServices);
    const body = `<?xml version="1.0"?>\n<R><${operation}Result>${xmlOf(0, true)}</${operation}Result>${xmlOf(1, true)}</R>`;
    const { text, maskedFields } = await seen({ service, operation, protocol, body });
    hidden += maskedFields;
    expect(holdsSome(opened(text)), body).toBe(false);
  }
  expect(hidden).toBeGreaterThan(rounds(500));
});

test('where nothing is to be hidden every byte stays what it was', async () => {
  for (let round = 0; round < rounds(500); round += 1) {
    const [service, operation, protocol] = oneOf([...services, ...xmlServices]);
    const isXml = protocol === 'ec2' || protocol === 'query' || protocol === 'rest-xml';
    const body = isXml
      ? `${blank()}<R a='1'>${xmlOf(0, false)}</R>${blank()}`
      : `${blank()}${jsonOf(0, false)}${blank()}`;
    const got = await seen({ service, operation, protocol, body, headers: [['x-amz-crc32', '1']] });
    expect([got.text, got.maskedFields, got.headers['x-amz-crc32']]).toEqual([body, 0, '1']);
  }
});

test('headers of every kind', async () => {
  for (const canary of canaries)
    for (const name of [
      'location',
      'x-amz-meta-a',
      'x-amz-expiration',
      'x-amzn-errortype',
      'x-amz-website-redirect-location',
      'content-disposition',
      'x-new',
      'link',
    ]) {
      const value = oneOf([
        canary,
        `https://h.test/?k=${canary}`,
        Buffer.from(`in ${canary}!`.padEnd(60)).toString('base64'),
      ]);
      const { headers } = await seen({
        service: 's3',
        operation: 'GetObject',
        protocol: 'rest-xml',
        body: 'x',
        headers: [[name, value]],
      });
      expect(holdsSome(opened(headers[name] ?? '')), name).toBe(false);
    }
});

test('links that are signed', async () => {
  const signature = '0f1e2d3c4b5a6978'.repeat(4);
  const link = `https://b.s3.test/k?X-Amz-Credential=x&X-Amz-Security-Token=abc%2Fdef%3D&X-Amz-${'Signature'}=${signature}`;
  const login = `https://signin.test/federation?Action=login&${'Signin'}Token=abcdefghijkl`;
  const { text } = await seen({
    service: 'newservice',
    operation: 'Op',
    protocol: 'json',
    body: JSON.stringify({ a: link, b: [login], c: JSON.stringify({ link }) }),
  });
  for (const secret of [signature, 'abc%2Fdef', 'abcdefghijkl']) expect(text).not.toContain(secret);
});

test('headers and bodies of events', async () => {
  for (let round = 0; round < rounds(200); round += 1) {
    const canary = oneOf(canaries);
    const headers = Object.entries({
      ':message-type': 'event',
      ':event-type': oneOf(['sessionUpdate', 'other']),
      note: canary,
    });
    const body = encodeEvent({
      headers: new Map(headers.map(([name, value]) => [name, { type: 'string', value }])),
      payload: Buffer.from(jsonOf(0, true)),
    });
    const { bytes } = await seen({ service: 'logs', operation: 'StartLiveTail', protocol: 'json', body });
    expect(holdsSome(opened(bytes.toString('latin1')))).toBe(false);
  }
});

test('a masker without rules hides what the models say all the same', async () => {
  const { text } = await seen({
    service: 'secretsmanager',
    operation: 'GetSecretValue',
    protocol: 'json',
    body: '{"SecretString":"x"}',
    masker: maskerOf(),
  });
  expect(text).toBe('{"SecretString":"[redacted:aws-model]"}');
});
