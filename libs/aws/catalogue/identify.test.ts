import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodeCbor } from '../cbor.js';
import { type Call, formCall, identified, inputOf, jsonCall, named, s3 } from './calls.fixture.js';

const json = (line: string, as: string, body = '{}'): Call => ({
  as,
  line,
  headers: [['content-type', 'application/json']],
  body,
});

test.each<[string, Call]>([
  ['dynamodb GetItem', jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"t"}')],
  ['dynamodbstreams ListStreams', jsonCall('dynamodb', 'DynamoDBStreams_20120810.ListStreams', '{}')],
  ['sqs SendMessage', jsonCall('sqs', 'AmazonSQS.SendMessage', '{"QueueUrl":"q","MessageBody":"hi"}')],
  ['sqs SendMessage', formCall('sqs', 'Action=SendMessage&Version=2012-11-05&MessageBody=hi&QueueUrl=q')],
  ['sts GetCallerIdentity', formCall('sts', 'Action=GetCallerIdentity&Version=2011-06-15')],
  ['sts GetCallerIdentity', { as: 'sts', line: 'GET /?Action=GetCallerIdentity&Version=2011-06-15' }],
  ['ec2 TerminateInstances', formCall('ec2', 'Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1')],
  ['elb DescribeLoadBalancers', formCall('elasticloadbalancing', 'Action=DescribeLoadBalancers&Version=2012-06-01')],
  ['elbv2 DescribeLoadBalancers', formCall('elasticloadbalancing', 'Action=DescribeLoadBalancers&Version=2015-12-01')],
  ['lambda Invoke', { as: 'lambda', line: 'POST /2015-03-31/functions/f/invocations', body: null }],
  ['lambda ListTags', json('GET /2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af', 'lambda')],
  ['lambda DeleteFunction', { as: 'lambda', line: 'DELETE /2015-03-31/functions/f?Qualifier=3' }],
  ['lambda ListFunctions', { as: 'lambda', line: 'GET /2015-03-31/functions' }],
  ['lambda ListFunctions', { as: 'lambda', line: 'GET /2015-03-31/functions/?MaxItems=2' }],
  ['cloudfront ListDistributions', { as: 'cloudfront', line: 'GET /2020-05-31/distribution' }],
  ['cloudfront ListDistributions', { as: 'cloudfront', line: 'GET /2019-03-26/distribution' }],
  ['ses SendEmail', formCall('ses', 'Action=SendEmail&Version=2010-12-01&Source=a')],
  ['sesv2 SendEmail', json('POST /v2/email/outbound-emails', 'ses', '{"Content":{}}')],
  ['sesv2 ListEmailIdentities', json('POST /v2/email/list-identities', 'ses')],
  ['sesv2 ListEmailIdentities', { as: 'ses', line: 'GET /v2/email/identities?PageSize=5' }],
  ['s3 ListBuckets', s3('GET /')],
  ['s3 ListObjects', s3('GET /bucket')],
  ['s3 ListObjects', s3('GET /bucket/?prefix=a')],
  ['s3 ListObjectsV2', s3('GET /bucket?list-type=2&prefix=a')],
  ['s3 ListObjectVersions', s3('GET /bucket?versions')],
  ['s3 GetObject', s3('GET /bucket/key', { body: null })],
  ['s3 GetObject', s3('GET /key', { addressing: { bucket: 'bucket' } })],
  ['s3 GetObject', s3('GET /bucket/key?versionId=v&partNumber=1&x-id=GetObject')],
  ['s3 GetObjectAcl', s3('GET /bucket/key?acl')],
  ['s3 GetBucketAcl', s3('GET /bucket?acl=')],
  ['s3 PutObject', s3('PUT /bucket/key', { body: null })],
  ['s3 CopyObject', s3('PUT /bucket/key', { headers: [['x-amz-copy-source', '/other/key']] })],
  ['s3 UploadPart', s3('PUT /bucket/key?partNumber=1&uploadId=u', { body: null })],
  [
    's3 UploadPartCopy',
    s3('PUT /bucket/key?partNumber=1&uploadId=u', { headers: [['x-amz-copy-source', '/other/key']] }),
  ],
  ['s3 DeleteObjects', s3('POST /bucket?delete', { body: '<Delete><Object><Key>a</Key></Object></Delete>' })],
  ['s3 GetBucketLifecycleConfiguration', s3('GET /bucket?lifecycle')],
  [
    's3control GetPublicAccessBlock',
    s3('GET /v20180820/configuration/publicAccessBlock', { headers: [['x-amz-account-id', '123456789012']] }),
  ],
  [
    's3control GetPublicAccessBlock',
    s3('GET /v20180820/configuration/publicAccessBlock', {
      headers: [['x-amz-account-id', '123456789012']],
      addressing: { bucket: '123456789012' },
    }),
  ],
  ['s3 GetObject', s3('GET /v20180820/configuration/publicAccessBlock')],
])('%s is told', (operation, call) => {
  expect(named(call)).toBe(operation);
});

test('a client may leave the type of the body out where only one is possible', () => {
  const target: Call = {
    ...jsonCall('dynamodb', '', '{}'),
    headers: [['x-amz-target', 'DynamoDB_20120810.ListTables']],
  };
  expect(named(target)).toBe('dynamodb ListTables');
  expect(named({ ...formCall('ec2', 'Action=DescribeVpcs&Version=2016-11-15'), headers: [] })).toBe('ec2 DescribeVpcs');
  expect(named({ ...json('PUT /2015-03-31/functions/f/code', 'lambda'), headers: [] })).toBe(
    'lambda UpdateFunctionCode',
  );
});

test('a label may be an ARN with encoded slashes', () => {
  const arn = encodeURIComponent('arn:aws:apigateway:eu-west-1::/restapis/abc');
  expect(inputOf({ as: 'apigateway', line: `GET /tags/${arn}` })).toEqual({
    resourceArn: 'arn:aws:apigateway:eu-west-1::/restapis/abc',
  });
});

test('an operation that is signed under another name is no candidate', () => {
  expect(identified(s3('GET /?max-buckets=5'))).toMatchObject({
    candidates: [{ service: 's3', operation: 'ListBuckets' }],
  });
  expect(named({ ...s3('GET /'), as: 's3express' })).toBe('s3 ListDirectoryBuckets');
  expect(named({ ...s3('GET /bucket/key'), as: 's3express' })).toMatch(/^no: /);
});

test('the operation that x-id claims is not looked at', () => {
  expect(named(s3('DELETE /bucket/key?x-id=GetObject'))).toBe('s3 DeleteObject');
});

test('what minio-go asks of its own server only does not keep it from S3', () => {
  expect(named(s3('GET /bucket?lifecycle&withUpdatedAt=true'))).toBe('s3 GetBucketLifecycleConfiguration');
});

test('a presigned URL counts its x-amz- keys as headers', () => {
  const signature =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=9&X-Amz-Signature=s';
  expect(named(s3(`GET /bucket/key?${signature}&X-Amz-SignedHeaders=host`))).toBe('s3 GetObject');
  const copy = s3(`PUT /bucket/key?${signature}&x-amz-copy-source=%2Fother%2Fkey`);
  expect(named(copy)).toBe('s3 CopyObject');
  expect(inputOf(copy)).toMatchObject({ CopySource: '/other/key' });
  expect(named(s3('PUT /bucket/key?x-amz-copy-source=%2Fother%2Fkey'))).toMatch(/^no: PutObject has no query key/);
});

test('a key of S3 is kept byte for byte', () => {
  for (const key of ['a/../b', '..', '/', '//a', 'a//b', 'a/', './x', 'a%2Fb', 'a%20b+c', 'v20180820;x']) {
    const raw = key.replace(';', '%3B');
    expect(inputOf(s3(`GET /bucket/${raw}`))).toEqual({ Bucket: 'bucket', Key: decodeURIComponent(raw) });
  }
});

test('services that share a name and a path are all candidates, and the endpoint chooses between them', () => {
  const call = formCall('rds', 'Action=DeleteDBCluster&Version=2014-10-31&DBClusterIdentifier=c');
  expect(identified(call)).toMatchObject({
    service: 'rds',
    operation: 'DeleteDBCluster',
    candidates: ['rds', 'docdb', 'neptune'].map((service) => ({ service, operation: 'DeleteDBCluster' })),
  });
  expect(identified({ ...call, addressing: { service: 'neptune' } })).toMatchObject({
    service: 'neptune',
    candidates: [{ service: 'neptune', operation: 'DeleteDBCluster' }],
  });
});

test.each(['elbv2', 'ELASTIC_LOAD_BALANCING_V2', 'Elastic Load Balancing v2'])(
  'an endpoint named %s is of elbv2',
  (service) => {
    const call = formCall('elasticloadbalancing', 'Action=DescribeTags&Version=2015-12-01');
    expect(named({ ...call, addressing: { service } })).toBe('elbv2 DescribeTags');
  },
);

test('where the body fits only one of two services it is the one that is named', () => {
  const line = 'POST /agents/abc/';
  expect(named(json(line, 'bedrock', ''))).toBe('bedrock-agent PrepareAgent');
  expect(identified(json(line, 'bedrock', '{"instruction":"x"}'))).toMatchObject({
    service: 'bedrock-agent-runtime',
    operation: 'InvokeInlineAgent',
    candidates: [{ operation: 'InvokeInlineAgent' }, { operation: 'PrepareAgent' }],
  });
});

test('the input has labels, query keys, headers and body by the names of the members', () => {
  expect(
    inputOf(
      json('POST /2015-03-31/functions/f%3A1/policy?Qualifier=2', 'lambda', '{"Action":"x","n":12345678901234567890}'),
    ),
  ).toEqual({ FunctionName: 'f:1', Qualifier: '2', Action: 'x', n: '12345678901234567890' });
  expect(
    inputOf(
      s3('PUT /bucket/key', {
        headers: [
          ['x-amz-acl', 'public-read'],
          ['x-amz-meta-colour', 'red'],
        ],
      }),
    ),
  ).toEqual({ Bucket: 'bucket', Key: 'key', ACL: 'public-read', Metadata: { colour: 'red' } });
  expect(inputOf(s3('PUT /bucket?policy', { body: '{"Version":"2012-10-17"}' }))).toEqual({
    Bucket: 'bucket',
    Policy: '{"Version":"2012-10-17"}',
  });
});

test('a key of the body that has the name of a label has its member’s name', () => {
  const body = '{"type":"AWS","httpMethod":"POST"}';
  expect(inputOf(json('PUT /restapis/r/resources/x/methods/GET/integration', 'apigateway', body))).toEqual({
    restApiId: 'r',
    resourceId: 'x',
    httpMethod: 'GET',
    type: 'AWS',
    integrationHttpMethod: 'POST',
  });
});

test('query keys that are lists keep all their values', () => {
  const arn = 'arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af';
  expect(inputOf({ as: 'lambda', line: `DELETE /2017-03-31/tags/${arn}?tagKeys=a&tagKeys=b` })).toMatchObject({
    TagKeys: ['a', 'b'],
  });
});

test('an XML body is read by its elements', () => {
  const body = '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet></Delete>';
  expect(inputOf(s3('POST /bucket?delete', { body }))).toEqual({
    Bucket: 'bucket',
    Delete: { Object: [{ Key: 'a' }, { Key: 'b' }], Quiet: 'true' },
  });
});

const cbor = (body: Uint8Array, path = '/service/GraniteServiceVersion20100801/operation/GetMetricData'): Call => ({
  as: 'monitoring',
  line: `POST ${path}`,
  headers: [
    ['smithy-protocol', 'rpc-v2-cbor'],
    ['content-type', 'application/cbor'],
  ],
  body,
});

test('a CBOR body is read as the JSON protocol would have it', () => {
  const text = (value: string) => ({ kind: 'text', value }) as const;
  const body = encodeCbor({
    kind: 'map',
    entries: [
      [text('Namespace'), text('AWS/EC2')],
      [text('Blob'), { kind: 'bytes', value: Buffer.from('hi') }],
      [text('Big'), { kind: 'integer', value: 2n ** 60n }],
      [text('At'), { kind: 'tag', tag: 1, item: { kind: 'integer', value: 7 } }],
      [text('__proto__'), { kind: 'array', items: [{ kind: 'simple', value: 21 }] }],
    ],
  });
  expect(named(cbor(body))).toBe('cloudwatch GetMetricData');
  expect(JSON.stringify(inputOf(cbor(body)))).toBe(
    '{"Namespace":"AWS/EC2","Blob":"aGk=","Big":"1152921504606846976","At":7,"__proto__":[true]}',
  );
});

test('a body compressed by gzip is read', () => {
  const call = jsonCall('monitoring', 'GraniteServiceVersion20100801.PutMetricData', '');
  const body = gzipSync('{"Namespace":"N"}');
  expect(inputOf({ ...call, headers: [...call.headers!, ['content-encoding', 'gzip']], body })).toEqual({
    Namespace: 'N',
  });
});

test('a call to a queue’s own URL names the queue', () => {
  const call = formCall('sqs', 'Action=PurgeQueue&Version=2012-11-05');
  expect(inputOf({ ...call, line: 'POST /123456789012/jobs' })).toEqual({ QueueUrl: '/123456789012/jobs' });
});
