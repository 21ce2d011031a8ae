import { createHash } from 'node:crypto';
import { crc32, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { accessKey, githubToken, mail, maskerOf, seen } from './testing/answers.js';

const json = (service: string, operation: string, body: unknown, more = {}) =>
  seen({ service, operation, protocol: 'json', body: JSON.stringify(body), ...more });

describe('members that hold secrets, by protocol', () => {
  test('JSON: what the model marks and what our list adds is hidden, the rest stays', async () => {
    const secret = await json('secretsmanager', 'GetSecretValue', {
      Name: 'db',
      SecretString: 'hunter22',
      VersionId: 'v1',
    });
    expect(JSON.parse(secret.text)).toEqual({ Name: 'db', SecretString: '[redacted:aws-model]', VersionId: 'v1' });
    expect(secret.maskedBy).toEqual(['aws-model']);
    const login = await json('ecr', 'GetAuthorizationToken', {
      authorizationData: [
        { authorizationToken: 'QVdTOmFiYw==', expiresAt: 1.7e9, proxyEndpoint: 'https://1.dkr.ecr.test' },
      ],
    });
    expect(JSON.parse(login.text).authorizationData[0]).toEqual({
      authorizationToken: '[redacted:aws-list]',
      expiresAt: 1.7e9,
      proxyEndpoint: 'https://1.dkr.ecr.test',
    });
  });

  test('JSON: a blob stays base64, a number becomes null, what is null stays', async () => {
    const key = await json('kms', 'GenerateDataKey', { Plaintext: 'AAECAwQ=', CiphertextBlob: 'AQID', KeyId: 'k' });
    const { Plaintext, ...rest } = JSON.parse(key.text);
    expect(Buffer.from(Plaintext, 'base64').toString()).toBe('[redacted:aws-model]');
    expect(rest).toEqual({ CiphertextBlob: 'AQID', KeyId: 'k' });
    const empty = await json('secretsmanager', 'GetSecretValue', { SecretString: null });
    expect(empty.text).toBe('{"SecretString":null}');
    expect(empty.maskedFields).toBe(0);
  });

  test('rest-json: the values of a map that is hidden go, its keys stay', async () => {
    const { text } = await seen({
      service: 'lambda',
      operation: 'GetFunctionConfiguration',
      protocol: 'rest-json',
      body: '{"FunctionName":"f", "Environment":{"Variables":{"DB":"x","MODE":"prod"}},"MemorySize":128}',
    });
    expect(text).toBe(
      '{"FunctionName":"f", "Environment":{"Variables":{"DB":"[redacted:aws-model]","MODE":"[redacted:aws-model]"}},"MemorySize":128}',
    );
  });

  test('query: the result in its element, however deep', async () => {
    const body = (secret: string, token: string) => `<?xml version="1.0"?>
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <Credentials><AccessKeyId>x</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken></Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>
</AssumeRoleResponse>`;
    const { text, maskedFields } = await seen({
      service: 'sts',
      operation: 'AssumeRole',
      protocol: 'query',
      body: body('shh', 'tok&amp;en'),
    });
    expect(text).toBe(body('[redacted:aws-model]', '[redacted:aws-list]'));
    expect(maskedFields).toBe(2);
  });

  test('ec2: lists of items, and user data in base64', async () => {
    const body = (value: string) =>
      `<DescribeInstanceAttributeResponse><instanceId>i-1</instanceId><userData><value>${value}</value></userData></DescribeInstanceAttributeResponse>`;
    const { text } = await seen({
      service: 'ec2',
      operation: 'DescribeInstanceAttribute',
      protocol: 'ec2',
      body: body('IyEvYmluL3No'),
    });
    expect(text).toBe(body('[redacted:aws-list]'));
  });

  test('rest-xml: credentials of an S3 session', async () => {
    const body = (a: string, b: string) =>
      `<CreateSessionResult><Credentials><SessionToken>${a}</SessionToken><SecretAccessKey>${b}</SecretAccessKey><Expiration>2026-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>`;
    const { text } = await seen({
      service: 's3',
      operation: 'CreateSession',
      protocol: 'rest-xml',
      body: body('t', 's'),
    });
    expect(text).toBe(body('[redacted:aws-model]', '[redacted:aws-model]'));
  });

  test('what is no text and hidden leaves XML with its element, the texts beside it stay masked', async () => {
    const body = (secret: string, rest: string) =>
      `<R><Credentials><AccessKeyId>${secret}</AccessKeyId>${rest}</Credentials><MatchedGrantTarget>s3://b</MatchedGrantTarget></R>`;
    const { text } = await seen({
      service: 's3control',
      operation: 'GetDataAccess',
      protocol: 'rest-xml',
      body: body('x', '<Expiration>2026-01-01T00:00:00Z</Expiration>'),
    });
    expect(text).toBe(body('[redacted:aws-model]', ''));
  });
});

describe('what detectors find', () => {
  test('values with escapes are read as they are meant', async () => {
    const { text } = await json(
      'logs',
      'FilterLogEvents',
      {},
      {
        body: `{"events":[{"message":"login \\u0061da@shop.test ok","timestamp":1700000000000}],"n":"\\u0041K${'IA'}IOSFODNN7EXAMPLE"}`,
      },
    );
    expect(JSON.parse(text)).toEqual({
      events: [{ message: 'login [redacted:email] ok', timestamp: 1700000000000 }],
      n: '[redacted:aws-access-key-id]',
    });
  });

  test('keys of maps', async () => {
    const { text } = await json('dynamodb', 'GetItem', { Item: { [mail]: { S: 'x' } } });
    expect(text).toBe('{"Item":{"[redacted:email]":{"S":"x"}}}');
  });

  test('an attribute is known by its name, a number becomes a text', async () => {
    const { text } = await json('dynamodb', 'Query', {
      Items: [
        {
          password: { S: 'hunter22' },
          card: { N: '4012888888881881' },
          n: { N: '17' },
          in: { M: { api_key: { S: 'abcdefgh' } } },
        },
      ],
    });
    expect(JSON.parse(text).Items[0]).toEqual({
      password: { S: '[redacted:key-value-secret]' },
      card: { S: '[redacted:payment-card]' },
      n: { N: '17' },
      in: { M: { api_key: { S: '[redacted:key-value-secret]' } } },
    });
  });

  test('a tag is known by the key beside it, in either order and in XML', async () => {
    const { text } = await json('ssm', 'ListTagsForResource', {
      TagList: [
        { Key: 'db-password', Value: 'hunter22' },
        { Value: 'hunter22', Key: 'db-password' },
        { Key: 'team', Value: 'hunter22' },
      ],
    });
    const { TagList } = JSON.parse(text) as { TagList: { Value: string }[] };
    expect(TagList.map(({ Value }) => Value)).toEqual([
      '[redacted:key-value-secret]',
      '[redacted:key-value-secret]',
      'hunter22',
    ]);
    const inXml = await seen({
      service: 'ec2',
      operation: 'DescribeTags',
      protocol: 'ec2',
      body: '<R><tagSet><item><key>db-password</key><value>hunter22</value></item></tagSet></R>',
    });
    expect(inXml.text).toContain('<value>[redacted:key-value-secret]</value>');
  });

  test('tokens for the next page, and members that are called like secrets and are none, stay', async () => {
    const token = `ey${'J'}hbGciOiJSUzI1NiJ9.ey${'J'}zdWIiOiIxIn0.c2ln${'A'.repeat(40)}`;
    const same = await json('codebuild', 'BatchGetProjects', {
      nextToken: token,
      projects: [{ encryptionKey: 'alias/aws/s3-long-name' }],
    });
    expect(same.maskedFields, same.text).toBe(0);
    const other = await json('codebuild', 'BatchGetProjects', {
      someText: token,
      projects: [{ apiKey: 'abcdefghijkl' }],
    });
    expect(other.maskedBy).toEqual(['secrets']);
    expect(other.maskedFields).toBe(2);
  });

  test('a member that no model knows and that is called like a secret', async () => {
    const { text } = await json('ssm', 'NewOperation', { Thing: { Password: 'hunter22' } });
    expect(text).toBe('{"Thing":{"Password":"[redacted:key-value-secret]"}}');
  });

  test('documents in texts: JSON, percent-encoded policies, base64', async () => {
    const inner = JSON.stringify({ user: { password: 'hunter22', mail: '\u0061da@shop.test' }, n: 4012888888881881 });
    const { text } = await json('logs', 'GetLogEvents', { events: [{ message: inner }] });
    expect(JSON.parse(JSON.parse(text).events[0].message)).toEqual({
      user: { password: '[redacted:key-value-secret]', mail: '[redacted:email]' },
      n: null,
    });
    const policy = encodeURIComponent(JSON.stringify({ Statement: [{ Sid: mail }] }));
    const role = await seen({
      service: 'iam',
      operation: 'GetRole',
      protocol: 'query',
      body: `<GetRoleResponse><GetRoleResult><Role><AssumeRolePolicyDocument>${policy}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`,
    });
    expect(decodeURIComponent(/Document>(.*)<\/Assume/.exec(role.text)![1]!)).toBe(
      '{"Statement":[{"Sid":"[redacted:email]"}]}',
    );
    const encoded = Buffer.from(`START RequestId ${githubToken} END`).toString('base64');
    const held = await json('ssm', 'Whatever', { Log: encoded });
    expect(Buffer.from(JSON.parse(held.text).Log, 'base64').toString()).toBe(
      'START RequestId [redacted:github-token] END',
    );
  });

  test('records of Kinesis are opened, compressed ones too', async () => {
    const data = [Buffer.from(`mail ${mail}`), gzipSync(`mail ${mail}`), Buffer.from([0xff, 0xfe, 0, 1])];
    const { text } = await json('kinesis', 'GetRecords', {
      Records: data.map((one) => ({ Data: one.toString('base64'), PartitionKey: 'p' })),
    });
    const { Records } = JSON.parse(text) as { Records: { Data: string }[] };
    const records = Records.map(({ Data }) => Buffer.from(Data, 'base64'));
    expect(records[0]!.toString()).toBe('mail [redacted:email]');
    expect(records[1]!.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    expect(records[2]).toEqual(data[2]);
  });

  test('errors', async () => {
    const { text, status } = await seen({
      service: 'dynamodb',
      operation: 'GetItem',
      protocol: 'json',
      status: 400,
      body: JSON.stringify({ __type: 'ValidationException', message: `no such key ${mail}` }),
    });
    expect([status, JSON.parse(text).message]).toEqual([400, 'no such key [redacted:email]']);
  });

  test('null by a rule is null', async () => {
    const { text } = await json(
      'logs',
      'GetLogEvents',
      { events: [{ message: `a ${mail}` }] },
      {
        masker: maskerOf({ id: 'm', kind: 'detector', detector: 'email', action: 'null' }),
      },
    );
    expect(text).toBe('{"events":[{"message":null}]}');
  });
});

describe('what is said about the body', () => {
  test('lengths and digests are those of what leaves', async () => {
    const body = JSON.stringify({ Item: { a: { S: accessKey } } });
    const got = await json(
      'dynamodb',
      'GetItem',
      {},
      {
        body,
        headers: [
          ['x-amz-crc32', String(crc32(body))],
          ['content-md5', 'x'],
          ['x-amz-checksum-sha256', 'x'],
        ],
      },
    );
    expect(got.headers['content-length']).toBe(String(got.bytes.length));
    expect(got.headers['x-amz-crc32']).toBe(String(crc32(got.bytes)));
    expect(got.headers['content-md5']).toBe(createHash('md5').update(got.bytes).digest('base64'));
    expect(got.headers['x-amz-checksum-sha256']).toBeUndefined();
  });

  test('of what stays they stay', async () => {
    const got = await json('dynamodb', 'GetItem', { Item: {} }, { headers: [['x-amz-crc32', '17']] });
    expect([got.text, got.headers['x-amz-crc32']]).toEqual(['{"Item":{}}', '17']);
  });

  test('clients of SQS find the digest of the body and of the attributes that they get', async () => {
    const { text } = await json('sqs', 'ReceiveMessage', {
      Messages: [
        {
          Body: `to ${mail}`,
          MD5OfBody: 'x',
          MD5OfMessageAttributes: 'y',
          MessageAttributes: { who: { DataType: 'String', StringValue: mail } },
        },
      ],
    });
    const [message] = JSON.parse(text).Messages;
    expect(message.MD5OfBody).toBe(createHash('md5').update('to [redacted:email]').digest('hex'));
    const sized = (value: string) => `\0\0\0${String.fromCharCode(value.length)}${value}`;
    const expected = `${sized('who')}${sized('String')}\u0001${sized('[redacted:email]')}`;
    expect(message.MD5OfMessageAttributes).toBe(createHash('md5').update(expected).digest('hex'));
    const inXml = await seen({
      service: 'sqs',
      operation: 'ReceiveMessage',
      protocol: 'query',
      body: `<R><ReceiveMessageResult><Message><MD5OfBody>x</MD5OfBody><Body>a&amp;b ${mail}</Body></Message></ReceiveMessageResult></R>`,
    });
    expect(inXml.text).toContain(
      `<MD5OfBody>${createHash('md5').update('a&b [redacted:email]').digest('hex')}</MD5OfBody>`,
    );
  });

  test('a compressed answer is sent plain', async () => {
    const got = await json(
      'logs',
      'GetLogEvents',
      {},
      {
        body: gzipSync(JSON.stringify({ events: [{ message: mail }] })),
        headers: [['content-encoding', 'gzip']],
      },
    );
    expect(got.text).toBe('{"events":[{"message":"[redacted:email]"}]}');
    expect(got.headers['content-encoding']).toBeUndefined();
    expect(got.headers['content-length']).toBe(String(got.bytes.length));
  });
});

describe('what is not understood does not leave', () => {
  const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);
  test.each([
    ['cut', 'json', '{"Item":{'],
    ['a key twice', 'json', '{"SecretString":"a","SecretString":"b"}'],
    ['a key twice, once with an escape', 'json', '{"a":1,"\\u0061":2}'],
    ['something behind', 'json', '{} {}'],
    ['no UTF-8', 'json', Buffer.from([0x22, 0xff, 0x22])],
    ['a control character', 'json', '"a\nb"'],
    ['an escape that is none', 'json', `{"a":"\\x ${mail}"}`],
    ['too deep', 'json', deep('[', ']', 300)],
    ['a number that is none', 'json', '[01]'],
    ['HTML', 'json', '<html></html>'],
    ['cut', 'query', '<a><b></a>'],
    ['a document type', 'query', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an entity of its own', 'query', `<a>&x; ${mail}</a>`],
    ['a comment', 'query', '<a><!-- x --></a>'],
    ['another encoding', 'query', '<?xml version="1.0" encoding="utf-16"?><a/>'],
    ['too deep', 'ec2', deep('<a>', '</a>', 300)],
    ['JSON', 'ec2', '{}'],
    ['cut', 'rpc-v2-cbor', Buffer.from([0xa1, 0x61, 0x61])],
    ['a key twice', 'rpc-v2-cbor', Buffer.from([0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02])],
    ['a key that is no text', 'rpc-v2-cbor', Buffer.from([0xa1, 0x01, 0x02])],
    ['a length beyond the end', 'rpc-v2-cbor', Buffer.from([0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['too deep', 'rpc-v2-cbor', Buffer.alloc(1000, 0x81)],
  ] as const)('%s, in %s', async (_, protocol, body) => {
    const answer = { service: 'dynamodb', operation: 'GetItem', protocol, body };
    await expect(seen(answer)).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
  });

  test.each([
    ['application/xml', []],
    ['application/cbor', []],
    ['application/json; charset=utf-16', []],
    ['application/json', [['content-encoding', 'lzw']]],
    ['application/json', [['content-encoding', 'gzip, br']]],
    ['application/json', [['content-encoding', 'gzip']]],
  ] as const)('content type %s with %j', async (type, more) => {
    const answer = { service: 'dynamodb', operation: 'GetItem', protocol: 'json', body: '{}' } as const;
    const headers = [['content-type', type], ...more] as const;
    await expect(seen({ ...answer, headers })).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
  });

  test('an answer longer than what is read, and a bomb', async () => {
    const long = Buffer.alloc(33 * 1024 * 1024, 0x20);
    const body = gzipSync(long.subarray(0, 20 * 1024 * 1024));
    const answer = { service: 'dynamodb', operation: 'GetItem', protocol: 'json' } as const;
    const bomb = { ...answer, body, headers: [['content-encoding', 'gzip']] } as const;
    await expect(seen(bomb)).rejects.toThrow('inflates to too many bytes');
    await expect(seen({ ...answer, body: long })).rejects.toThrow('longer than the 33554432 bytes');
  });
});

test('many small texts that inflate to very much are no answer', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024)).toString('base64');
  const messages = Array.from({ length: 20 }, (_, id) => ({ MessageId: String(id), Body: bomb }));
  await expect(
    seen({
      service: 'sqs',
      operation: 'ReceiveMessage',
      protocol: 'json',
      body: JSON.stringify({ Messages: messages }),
    }),
  ).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
});

describe('what is no document', () => {
  const s3 = (operation: string, more: object) =>
    seen({ service: 's3', operation, protocol: 'rest-xml', method: 'PUT', body: 'True', ...more });

  test('and stands where a write of S3 answers nothing stays where it is, unread', async () => {
    for (const operation of ['PutBucketPolicy', 'PutBucketTagging'])
      expect(await s3(operation, {})).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } });
  });

  test('is refused where the operation has an answer, and where it is an error of the client', async () => {
    await expect(s3('CopyObject', {})).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
    await expect(s3('GetBucketPolicy', { method: 'GET' })).resolves.toBeDefined(); // its answer is a text
    await expect(s3('GetBucketTagging', { method: 'GET' })).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
    await expect(s3('PutBucketPolicy', { status: 403 })).rejects.toMatchObject({ code: 'RESPONSE_NOT_UNDERSTOOD' });
  });

  test('of a server that fails stays where it is, and the client hears that it failed: it may try again', async () => {
    const page = { status: 503, body: `<html><br>${accessKey}`, headers: [['content-type', 'text/html']] as const };
    expect(await s3('PutBucketPolicy', page)).toMatchObject({
      status: 503,
      text: '',
      headers: { 'content-length': '0' },
    });
    expect(await json('dynamodb', 'PutItem', {}, page)).toMatchObject({ status: 503, text: '' });
  });
});
