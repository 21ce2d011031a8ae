import { type CborItem, encodeCbor } from '@sallyport/aws';
import { describe, expect, test } from 'vitest';
import { mail, maskerOf, seen } from './testing/answers.js';

const rule = (field: string, action: 'redact' | 'partial' | 'hash' | 'null' = 'redact') =>
  ({ id: `r-${action}`, kind: 'field', field, action }) as const;

const dynamodb = async (action: 'redact' | 'partial' | 'hash' | 'null', field: string, item: unknown) => {
  const { text } = await seen({
    service: 'dynamodb',
    operation: 'Scan',
    protocol: 'json',
    body: JSON.stringify({ Items: [item] }),
    masker: maskerOf(rule(field, action)),
  });
  return (JSON.parse(text) as { Items: unknown[] }).Items[0];
};

describe('attributes of DynamoDB, named without their types', () => {
  const item = {
    id: { N: '17' },
    email: { S: mail },
    tags: { SS: ['a', 'b'] },
    on: { BOOL: true },
    no: { NULL: true },
    in: { M: { email: { S: 'x@y.de' } } },
    b: { B: 'AQID' },
  };
  test('by redact', async () => {
    expect(await dynamodb('redact', 'dynamodb:*:Items[].email', item)).toEqual({ ...item, email: { S: '[redacted]' } });
    expect(await dynamodb('redact', 'dynamodb:*:**.email', item)).toEqual({
      ...item,
      email: { S: '[redacted]' },
      in: { M: { email: { S: '[redacted]' } } },
    });
    expect(await dynamodb('redact', 'dynamodb:Scan:Items.*', item)).toEqual({
      id: { S: '[redacted]' },
      email: { S: '[redacted]' },
      tags: { SS: ['[redacted]'] },
      on: { NULL: true },
      no: { NULL: true },
      in: { S: '[redacted]' },
      b: { B: Buffer.from('[redacted]').toString('base64') },
    });
  });
  test('by partial, hash and null', async () => {
    expect(await dynamodb('partial', 'dynamodb:*:Items.email', item)).toMatchObject({ email: { S: '****test' } });
    expect(await dynamodb('hash', 'dynamodb:*:Items.id', item)).toMatchObject({
      id: { S: expect.stringMatching(/^hmac:[0-9a-f]{16}$/) as string },
    });
    expect(await dynamodb('null', 'dynamodb:*:Items.*', { a: { S: 'x' }, n: { N: '1' } })).toEqual({
      a: { NULL: true },
      n: { NULL: true },
    });
  });
  test('of another operation they stay', async () => {
    expect(await dynamodb('redact', 'dynamodb:GetItem:Items.email', item)).toEqual(item);
  });
});

test('messages of logs at any depth', async () => {
  const { text, maskedBy } = await seen({
    service: 'logs',
    operation: 'GetLogEvents',
    protocol: 'json',
    body: '{"events":[{"timestamp":1,"message":"hello"}]}',
    masker: maskerOf(rule('logs:*:**.message')),
  });
  expect(text).toBe('{"events":[{"timestamp":1,"message":"[redacted]"}]}');
  expect(maskedBy).toEqual(['r-redact']);
});

test('a rule may hide a message of a queue with its digests', async () => {
  const message = {
    Body: mail,
    MD5OfBody: 'x',
    MD5OfMessageAttributes: 'y',
    MessageAttributes: { a: { DataType: 'String', StringValue: mail } },
  };
  const queue = {
    service: 'sqs',
    operation: 'ReceiveMessage',
    masker: maskerOf(rule('sqs:*:**.Messages.*'), rule('sqs:*:**.Message.*')),
  };
  const { text } = await seen({ ...queue, protocol: 'json', body: JSON.stringify({ Messages: [message] }) });
  expect(JSON.parse(text)).toMatchObject({
    Messages: [{ Body: '[redacted]', MD5OfBody: '[redacted]', MD5OfMessageAttributes: '[redacted]' }],
  });
  const body = (value: string) =>
    `<R><ReceiveMessageResult><Message><Body>${value}</Body><MD5OfBody>${value}</MD5OfBody></Message></ReceiveMessageResult></R>`;
  expect((await seen({ ...queue, protocol: 'query', body: body('x') })).text).toBe(body('[redacted]'));
});

test('members of XML by the names that clients show', async () => {
  const body = (value: string) =>
    `<R><reservationSet><item><instancesSet><item><privateIpAddress>${value}</privateIpAddress></item></instancesSet></item></reservationSet></R>`;
  const { text } = await seen({
    service: 'ec2',
    operation: 'DescribeInstances',
    protocol: 'ec2',
    body: body('10.0.0.1'),
    masker: maskerOf(rule('ec2:*:Reservations[].Instances[].PrivateIpAddress')),
  });
  expect(text).toBe(body('[redacted]'));
});

test('maps of XML by their keys', async () => {
  const { text } = await seen({
    service: 'sns',
    operation: 'GetTopicAttributes',
    protocol: 'query',
    body: `<G><GetTopicAttributesResult><Attributes><entry><key>Owner</key><value>1234</value></entry><entry><key>Policy</key><value>p</value></entry></Attributes></GetTopicAttributesResult></G>`,
    masker: maskerOf(rule('sns:*:Attributes.Owner')),
  });
  expect(text).toContain('<key>Owner</key><value>[redacted]</value>');
  expect(text).toContain('<key>Policy</key><value>p</value>');
});

test('whole objects', async () => {
  const got = await seen({
    service: 's3',
    operation: 'GetObject',
    protocol: 'rest-xml',
    method: 'GET',
    body: 'anything at all',
    masker: maskerOf(rule('s3:GetObject:Body')),
  });
  expect([got.text, got.headers['content-length']]).toEqual(['[redacted]', '10']);
});

/** The forms that JavaScript has, in CBOR. */
const itemOf = (value: unknown): CborItem => {
  if (value === null) return { kind: 'simple', value: 22 };
  if (typeof value === 'number') return { kind: 'integer', value };
  if (typeof value === 'string') return { kind: 'text', value };
  if (value instanceof Uint8Array) return { kind: 'bytes', value };
  if (Array.isArray(value)) return { kind: 'array', items: value.map(itemOf) };
  return {
    kind: 'map',
    entries: Object.entries(value as object).map(([key, one]) => [{ kind: 'text', value: key }, itemOf(one)]),
  };
};
const cborOf = (value: unknown): Buffer => encodeCbor(itemOf(value));

test('CBOR: texts, bytes, numbers and nothing, with lengths that change', async () => {
  const value = {
    a: 'x'.repeat(300),
    b: Uint8Array.from([1, 2, 3]),
    n: 17,
    list: [{ mail }, { mail: null }],
    long: 'é'.repeat(30),
  };
  const { bytes, headers } = await seen({
    service: 'someservice',
    operation: 'Op',
    protocol: 'rpc-v2-cbor',
    body: cborOf(value),
    masker: maskerOf(rule('*:Op:a', 'null'), rule('*:Op:b'), rule('*:Op:n'), rule('*:Op:list.mail', 'partial')),
  });
  const expected = {
    a: null,
    b: Buffer.from('[redacted]'),
    n: null,
    list: [{ mail: '****test' }, { mail: null }],
    long: value.long,
  };
  expect(bytes.equals(cborOf(expected))).toBe(true);
  expect(headers['content-length']).toBe(String(bytes.length));
});

describe('an item that DynamoDB sends with an error, because the client has asked for that', () => {
  const item = { id: { N: '17' }, email: { S: 'not-an-address' } };
  const failed = async (operation: string, body: object) => {
    const { text } = await seen({
      service: 'dynamodb',
      operation,
      protocol: 'json',
      status: 400,
      body: JSON.stringify(body),
      masker: maskerOf(rule('dynamodb:*:**.email')),
    });
    return JSON.parse(text) as unknown;
  };
  test('is masked as it is in an answer', async () => {
    const failure = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'failed' };
    const masked = { id: { N: '17' }, email: { S: '[redacted]' } };
    expect(await failed('PutItem', { ...failure, Item: item })).toEqual({ ...failure, Item: masked });
    expect(await failed('TransactWriteItems', { CancellationReasons: [{ Code: 'C', Item: item }] })).toEqual({
      CancellationReasons: [{ Code: 'C', Item: masked }],
    });
  });
});
