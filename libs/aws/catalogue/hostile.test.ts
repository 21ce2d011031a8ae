import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Call, formCall, identified, jsonCall, named, s3 } from './calls.fixture.js';
import { maxInspectedBytes } from './index.js';

const getItem = jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"t"}');
const caller = 'Action=GetCallerIdentity&Version=2011-06-15';
const with_ = (call: Call, ...headers: [string, string][]): Call => ({
  ...call,
  headers: [...(call.headers ?? []), ...headers],
});
const json = (line: string, body: string): Call => ({
  as: 'lambda',
  line,
  headers: [['content-type', 'application/json']],
  body,
});

test.each<[string, Call, RegExp]>([
  [
    'a target and an action',
    with_(formCall('sqs', 'Action=SendMessage&Version=2012-11-05'), ['x-amz-target', 'AmazonSQS.ListQueues']),
    /two protocols/,
  ],
  [
    'a target and an action in the query string',
    { ...jsonCall('sqs', 'AmazonSQS.ListQueues', '{}'), line: 'POST /?Action=DeleteQueue&Version=2012-11-05' },
    /two protocols/,
  ],
  [
    'a target and rpc-v2-cbor',
    with_(jsonCall('monitoring', 'GraniteServiceVersion20100801.ListMetrics', '{}'), [
      'smithy-protocol',
      'rpc-v2-cbor',
    ]),
    /two protocols/,
  ],
  ['a target at a service of paths', jsonCall('s3', 'X.DeleteBucket', '{}'), /no operation is named/],
  ['a target in the query string', s3('GET /bucket/key?X-Amz-Target=X.DeleteBucket'), /X-Amz-Target/],
  ['two targets', with_(getItem, ['x-amz-target', 'DynamoDB_20120810.DeleteTable']), /x-amz-target is there twice/],
  [
    'two content types',
    with_(getItem, ['content-type', 'application/x-www-form-urlencoded']),
    /content-type is there twice/,
  ],
  ['a target of another service', jsonCall('dynamodb', 'AmazonSQS.DeleteQueue', '{}'), /no operation is named/],
  ['a target with another prefix', jsonCall('dynamodb', 'x.DynamoDB_20120810.GetItem', '{}'), /no operation is named/],
  ['a target without a prefix', jsonCall('dynamodb', 'GetItem', '{}'), /no operation is named/],
  [
    'a target of a name of every object',
    jsonCall('dynamodb', 'DynamoDB_20120810.constructor', '{}'),
    /no operation is named/,
  ],
  ['a target at a path', { ...getItem, line: 'POST /x' }, /has the path/],
  ['a target by GET', { ...getItem, line: 'GET /' }, /is a POST/],
  [
    'JSON that is said to be Kinesis’s own CBOR',
    { ...jsonCall('kinesis', 'Kinesis_20131202.PutRecord', '{}', 'application/x-amz-cbor-1.1') },
    /is not/,
  ],
  [
    'JSON in another charset',
    {
      ...getItem,
      headers: [
        ['x-amz-target', 'DynamoDB_20120810.GetItem'],
        ['content-type', 'application/json; charset=utf-16'],
      ],
    },
    /charset is “utf-16”/,
  ],
  [
    'a form in another charset',
    { ...formCall('sts', caller), headers: [['content-type', 'application/x-www-form-urlencoded;charset="UTF-7"']] },
    /charset is “UTF-7”/,
  ],
  [
    'two keys of a form that differ in case',
    formCall('ec2', 'Action=RebootInstances&Version=2016-11-15&InstanceId.1=a&instanceId.1=b'),
    /case/,
  ],
  [
    'a header that is dropped on the way',
    with_(getItem, ['connection', 'keep-alive, X-Amz-Target']),
    /connection names/,
  ],
  [
    'a request that is signed twice',
    with_(s3('GET /bucket/key?X-Amz-Signature=s'), ['authorization', 'a']),
    /is signed in its headers and/,
  ],
  ['a GET with a body', { as: 'sts', line: `GET /?${caller}`, body: 'x' }, /has no body/],
  [
    'a literal behind an encoded slash',
    { as: 'lambda', line: 'GET /2015-03-31/functions/f%2Fconfiguration' },
    /percent-encoded that names/,
  ],
  ['two actions', formCall('sts', `${caller}&Action=AssumeRole`), /“Action” is there twice/],
  [
    'an action in the body and one in the query string',
    { ...formCall('sts', caller), line: 'POST /?Action=AssumeRole' },
    /is there twice/,
  ],
  [
    'a parameter twice',
    formCall('ec2', 'Action=RebootInstances&Version=2016-11-15&InstanceId.1=a&InstanceId.1=b'),
    /is there twice/,
  ],
  [
    'a parameter twice, once encoded',
    formCall('ec2', 'Action=RebootInstances&Version=2016-11-15&InstanceId.1=a&%49nstanceId.1=b'),
    /is there twice/,
  ],
  ['an action behind a semicolon', formCall('sts', `${caller};Action=AssumeRole`), /semicolon/],
  ['an action of an unknown version', formCall('sts', 'Action=GetCallerIdentity&Version=1999-01-01'), /no operation/],
  ['an action without a version', formCall('sts', 'Action=GetCallerIdentity'), /Version/],
  ['an action in lower case', formCall('sts', 'action=GetCallerIdentity&Version=2011-06-15'), /names no operation/],
  [
    'an action in a body that is no form',
    { ...formCall('sts', caller), headers: [['content-type', 'text/plain']] },
    /names no operation/,
  ],
  ['an action by PUT', { as: 'sts', line: `PUT /?${caller}` }, /is a GET, or a POST/],
  [
    'a form in a form of parts',
    { as: 's3', line: 'POST /bucket', headers: [['content-type', 'multipart/form-data']], body: 'x' },
    /no operation/,
  ],
  [
    'two queues',
    { ...formCall('sqs', 'Action=PurgeQueue&Version=2012-11-05&QueueUrl=http%3A%2F%2Fh%2F1%2Fa'), line: 'POST /1/b' },
    /two queues/,
  ],
  ['a method in a header', with_(s3('GET /bucket/key'), ['x-http-method-override', 'DELETE']), /another operation/],
  ['a path in a header', with_(s3('GET /bucket/key'), ['x-rewrite-url', '/bucket?policy']), /another operation/],
  ['an unknown method', s3('PURGE /bucket/key'), /method/],
  ['a method in lower case', s3('get /bucket/key'), /method/],
  [
    'a copy source twice',
    with_(s3('PUT /b-1/key'), ['x-amz-copy-source', 'a/b'], ['x-amz-copy-source', 'c/d']),
    /twice/,
  ],
  ['an unknown signing name', { as: 'nothing', line: 'GET /' }, /no service signs as/],
  ['a signing name of every object', { as: '__proto__', line: 'GET /' }, /no service signs as/],
  [
    'JSON with a key twice',
    jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"a","TableName":"b"}'),
    /there twice/,
  ],
  [
    'JSON with a key twice, once escaped',
    jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"a","\\u0054ableName":"b"}'),
    /there twice/,
  ],
  [
    'JSON with a key twice, deep within',
    jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"Key":[{"a":{"S":1,"S":2}}]}'),
    /there twice/,
  ],
  [
    'JSON with two keys that differ in case',
    jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"a","tablename":"b"}'),
    /case/,
  ],
  ['JSON that is cut off', jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"a"'), /not JSON/],
  ['JSON with something behind it', jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{} {}'), /not JSON/],
  ['JSON with a byte order mark', jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '\ufeff{}'), /not JSON/],
  ['JSON that is an array', jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '[]'), /no JSON object/],
  ['JSON that is no UTF-8', { ...getItem, body: Buffer.from([0x7b, 0xff, 0x7d]) }, /UTF-8/],
  [
    'JSON that nests without end',
    jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '['.repeat(100_000)),
    /nested deeper/,
  ],
  ['a body of more than is read', { ...getItem, body: Buffer.alloc(maxInspectedBytes + 1, 0x20) }, /has more than/],
  [
    'a body that unpacks to more than is read',
    { ...with_(getItem, ['content-encoding', 'gzip']), body: gzipSync(Buffer.alloc(maxInspectedBytes + 1)) },
    /has more than/,
  ],
  ['a body packed twice', with_(getItem, ['content-encoding', 'gzip, gzip']), /is encoded by/],
  ['a body packed otherwise', with_(getItem, ['content-encoding', 'br']), /is encoded by/],
  ['a body that was not read', { ...getItem, body: null }, /not read/],
  ['a form that was not read', { ...formCall('sts', ''), body: null }, /not read/],
  ['a body where there is none', { ...json('DELETE /2015-03-31/functions/f', '{"FunctionName":"g"}') }, /has no body/],
  [
    'a body that names a label again',
    json('PUT /2015-03-31/functions/f/code', '{"FunctionName":"g"}'),
    /belongs to the path/,
  ],
  [
    'a body of an unknown type',
    { ...json('PUT /2015-03-31/functions/f/code', '{}'), headers: [['content-type', 'text/plain']] },
    /is not/,
  ],
  ['two documents of XML', s3('POST /bucket?delete', { body: '<Delete/><Delete/>' }), /XML/],
  ['XML with a document type', s3('POST /bucket?delete', { body: '<!DOCTYPE a [<!ENTITY b "c">]><Delete/>' }), /XML/],
  ['dots in a path', { as: 'lambda', line: 'GET /2015-03-31/functions/a/../b' }, /the segment/],
  ['encoded dots in a path', { as: 'lambda', line: 'GET /2015-03-31/functions/%2e%2e' }, /the segment/],
  ['dots behind an encoded slash', { as: 'lambda', line: 'GET /2015-03-31/functions/a%2F..%2Fb' }, /the segment/],
  ['an empty segment', { as: 'lambda', line: 'GET /2015-03-31//functions/a' }, /empty segment/],
  ['a parameter of a path', { as: 'lambda', line: 'DELETE /2015-03-31/functions/a;b' }, /semicolon/],
  [
    'a literal that is encoded',
    { as: 'lambda', line: 'GET /2015-03-31/functions/f/%63onfiguration' },
    /percent-encoded that names/,
  ],
  ['a fragment', s3('GET /bucket/key#?policy'), /must be percent-encoded/],
  ['a backslash', s3('GET /bucket\\key'), /must be percent-encoded/],
  ['a broken percent sign', s3('GET /bucket/%zz'), /percent-encoded UTF-8/],
  ['a bucket with an encoded slash', s3('GET /bucket%2Fkey'), /no name of a bucket/],
  ['a bucket that is dots', s3('GET /../bucket/key'), /no name of a bucket/],
  ['an empty bucket', s3('DELETE //bucket'), /empty segment/],
  [
    'a bucket in front of another service',
    { as: 'lambda', line: 'GET /2015-03-31/functions', addressing: { bucket: 'b-1' } },
    /of S3 alone/,
  ],
  ['an access point by its ARN', s3('GET /arn%3Aaws%3As3%3Aeu-west-1%3A1%3Aaccesspoint%2Fx/key'), /ARN/],
  ['an access point by its alias', s3('GET /ap-metadata-s3alias/key'), /alias/],
  ['a directory bucket', s3('GET /b--euw1-az1--x-s3/key'), /directory bucket/],
])('%s is not identified', (_, call, reason) => {
  expect(named(call)).toMatch(/^no: /);
  expect(named(call)).toMatch(reason);
});

const subResources =
  'abac accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle location logging metadataConfiguration metadataTable metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication renameObject requestPayment restore retention select session tagging torrent uploads versioning versions website unheard-of';
const plain = new Set([
  'GetObject',
  'PutObject',
  'DeleteObject',
  'ListObjects',
  'ListObjectsV2',
  'CreateBucket',
  'DeleteBucket',
  'HeadObject',
  'HeadBucket',
  'CopyObject',
  'ListBuckets',
]);

test.each(subResources.split(' '))('?%s of S3 is its own operation or none', (key) => {
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    for (const path of ['/', '/bucket', '/bucket/key']) {
      for (const query of [key, `${key}=`, `${key}=1`, `x=y&${key}`, `${key}&prefix=a`]) {
        const found = identified(
          s3(`${method} ${path}?${query}`, { headers: [['x-amz-copy-source', 'a/b']], body: null }),
        );
        if (found.identified) expect(plain).not.toContain(found.operation);
      }
    }
  }
});

test('two sub-resources are no operation', () => {
  expect(named(s3('GET /bucket/key?acl&tagging'))).toMatch(/^no: /);
  expect(named(s3('PUT /bucket/key?uploadId=u'))).toMatch(/^no: PutObject has no query key/);
  expect(named(s3('GET /bucket/key?versionId=1&versionId=2'))).toMatch(/twice/);
});

test('a large body without end of a string or of backslashes is refused in passing', () => {
  const started = performance.now();
  for (const text of [
    `{"a":"${'x'.repeat(8_000_000)}`,
    `{"a":"${'\\'.repeat(8_000_001)}"`,
    `{"a":"${'\\"'.repeat(4_000_000)}`,
  ]) {
    expect(named({ ...getItem, body: text })).toMatch(/not JSON/);
  }
  expect(performance.now() - started).toBeLessThan(5_000);
});
