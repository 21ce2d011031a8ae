import { GatewayError } from '@sallyport/core';
import { encodeJson } from '@sallyport/http';
import { rounds, seededNumbers } from '@sallyport/testkit/seeded';
import { expect, test } from 'vitest';
import { parseCallHead, parseOpenHead } from './target/call-head.js';
import type { CallHead, OpenHead } from './wire.js';

const call: CallHead = {
  method: 'PUT',
  path: '/shop/a%2Fb',
  query: 'partNumber=1&uploadId=x',
  headers: [
    ['content-type', 'text/plain'],
    ['x-amz-meta-note', 'café'],
  ],
  addressing: { bucket: 'shop' },
  region: 'eu-west-1',
  signingName: 's3',
  service: 's3',
  operation: 'UploadPart',
  actions: ['s3:PutObject'],
  resources: ['arn:aws:s3:::shop/a/b'],
  length: 12,
  bodySha256: 'a'.repeat(64),
  more: true,
  held: false,
};
const open: OpenHead = {
  regions: ['eu-west-1'],
  accounts: [],
  role: 'arn:aws:iam::123456789012:role/gate',
  attribution: { session: 's', person: 'ada', turn: 't' },
};

test('the heads that one half writes the other reads back the same', () => {
  expect(parseCallHead(encodeJson(call))).toEqual(call);
  expect(parseOpenHead(encodeJson(open))).toEqual(open);
});

test('heads with one byte or member changed are read, or are a violation, never anything else', () => {
  const next = seededNumbers(11);
  const junk = [null, 1.5, -1, '', 'x'.repeat(300), [], {}, [1], [['a']], true, '../..', '\0'];
  let refused = 0;
  for (let round = 0; round < rounds(20_000); round += 1) {
    const [head, parse] = next() < 0.7 ? [{ ...call }, parseCallHead] : [{ ...open }, parseOpenHead];
    const names = Object.keys(head);
    const fields = head as Record<string, unknown>;
    fields[names[Math.floor(next() * names.length)]!] = junk[Math.floor(next() * junk.length)];
    const bytes = encodeJson(fields);
    if (next() < 0.5) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    try {
      parse(bytes);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'PROTOCOL_VIOLATION') throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(rounds(5_000));
});
