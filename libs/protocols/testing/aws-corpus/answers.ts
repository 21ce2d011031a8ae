/** What AWS would answer to each case if it were asked, in the operation's own output, with secrets where it has secrets. */
import { crc32, gzipSync } from 'node:zlib';
import { encodeEvent } from '@sallyport/aws';
import type { Seen } from '../aws-upstreams.js';
import { accessKey, formless, signature, token } from './canaries.js';

export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
}

const json = (value: unknown): Said => {
  const body = JSON.stringify(value);
  return { headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-crc32': String(crc32(body)) }, body };
};
const plainJson = (value: unknown): Said => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
const xml = (body: string): Said => ({ headers: { 'content-type': 'text/xml' }, body });
const query = (operation: string, result: string): Said =>
  xml(
    `<${operation}Response xmlns="https://aws.test/"><${operation}Result>${result}</${operation}Result><ResponseMetadata><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ResponseMetadata></${operation}Response>`,
  );
const ec2 = (operation: string, inner: string): Said =>
  xml(
    `<${operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${operation}Response>`,
  );
export const object = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Said => ({
  headers: { 'content-type': 'text/plain', etag: '"e1"', 'x-amz-meta-origin': 'test', ...headers },
  body,
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const script = base64(`#!/bin/sh\nexport AWS_ACCESS_KEY_ID=${accessKey}\nexport GITHUB_TOKEN=${token}\n`);
const credentials = `<Credentials><AccessKeyId>AS${'IA'}QWERTZUIOPASDFGH</AccessKeyId><SecretAccessKey>${formless}</SecretAccessKey><SessionToken>${formless}</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>`;
const link = `https://b.s3.test/k?X-Amz-Credential=x&X-Amz-${'Signature'}=${signature}`;
const item = { id: { S: '1' }, note: { S: `key ${accessKey}` }, deep: { M: { t: { L: [{ S: token }] } } } };

export const identity = query(
  'GetCallerIdentity',
  '<Arn>arn:aws:iam::111122223333:role/agent</Arn><UserId>AROA</UserId><Account>111122223333</Account>',
);

export const eventOf = (type: string, payload: unknown): Buffer =>
  encodeEvent({
    headers: new Map(
      Object.entries({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }).map(
        ([name, value]) => [name, { type: 'string', value }] as const,
      ),
    ),
    payload: Buffer.from(JSON.stringify(payload)),
  });

const chunkOf = (text: string): Buffer =>
  eventOf('chunk', {
    bytes: base64(JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
  });

/** By the id of the case; whatever is not here answers `nothing`. */
const answers: Readonly<Record<string, Said>> = {
  'AWS-001': query('AssumeRole', credentials),
  'AWS-004': query('AssumeRoot', credentials),
  'AWS-005': query('GetSessionToken', credentials),
  'AWS-007': query('GetDelegatedAccessToken', credentials),
  'AWS-008': query(
    'CreateAccessKey',
    `<AccessKey><UserName>ci</UserName><AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>${formless}</SecretAccessKey></AccessKey>`,
  ),
  'AWS-013': json({ IdentityId: 'i', Credentials: { SecretKey: formless, SessionToken: formless } }),
  'AWS-014': json({ IdentityId: 'i', Token: formless }),
  'AWS-015': json({ ARN: 'a', SecretString: formless, SecretBinary: base64(formless) }),
  'AWS-016': json({ SecretValues: [{ Name: 'n', SecretString: formless, SecretBinary: base64(formless) }] }),
  'AWS-017': json({ Parameter: { Name: '/prod/key', Type: 'SecureString', Value: formless } }),
  'AWS-018': json({ Parameters: [{ Name: '/a', Type: 'SecureString', Value: formless }] }),
  'AWS-021': json({ KeyId: 'k', Plaintext: base64(formless), CiphertextBlob: base64('sealed') }),
  'AWS-028': json({ publicKeyBase64: 'ssh-rsa AAAA', privateKeyBase64: formless }),
  'AWS-030': ec2('GetPasswordData', `<instanceId>i-1</instanceId><passwordData>${formless}</passwordData>`),
  'AWS-031': ec2('CreateKeyPair', `<keyName>x</keyName><keyMaterial>${formless}</keyMaterial>`),
  'AWS-032': ec2('GetLaunchTemplateData', `<launchTemplateData><userData>${script}</userData></launchTemplateData>`),
  'AWS-033': ec2(
    'DescribeInstanceAttribute',
    `<instanceId>i-1</instanceId><userData><value>${script}</value></userData>`,
  ),
  'AWS-034': query('GetClusterCredentials', `<DbUser>admin</DbUser><DbPassword>${formless}</DbPassword>`),
  'AWS-056': json({ SessionId: 's', TokenValue: formless, StreamUrl: `wss://ssm.test/?token=${formless}` }),
  'AWS-060': { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ found: accessKey, token }) },
  'AWS-062': plainJson({
    Configuration: { FunctionName: 'f', Environment: { Variables: { DB_PASSWORD: formless } } },
    Code: { RepositoryType: 'S3', Location: link },
  }),
  'AWS-066': json({ output: formless, status: 'SUCCEEDED' }),
  'AWS-073': object(`{"outputs":{"key":"${accessKey}","token":"${token}"}}`),
  'AWS-083': object(gzipSync(gzipSync(`a,${accessKey}`)), { 'content-encoding': 'gzip, gzip' }),
  'AWS-104': object(`secret ${accessKey}`),
  'AWS-105': object(`secret ${accessKey}`),
  'AWS-106': object(`secret ${accessKey}`),
  'AWS-107': object(`secret ${accessKey}`),
  'AWS-122': json({ Item: item }),
  'AWS-123': json({ Item: item }),
  'AWS-124': json({ Items: [item] }),
  'AWS-126': json({ Responses: [{ Item: item }] }),
  'AWS-127': json({ Item: item }),
  'AWS-135': {
    headers: {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-bedrock-content-type': 'application/json',
    },
    body: Buffer.concat([
      chunkOf(`a ${accessKey.slice(0, 9)}`),
      chunkOf(`${accessKey.slice(9)} b ${token.slice(0, 20)}`),
      chunkOf(token.slice(20)),
    ]),
  },
  'AWS-139': json({
    taskDefinition: {
      taskDefinitionArn: 'arn:aws:ecs:us-east-1:111122223333:task-definition/app:1',
      containerDefinitions: [{ name: 'app', environment: [{ name: 'DB_PASSWORD', value: formless }] }],
    },
  }),
  'AWS-144': ec2(
    'DescribeInstances',
    '<reservationSet><item><reservationId>r-1</reservationId></item></reservationSet>',
  ),
  'AWS-145': identity,
  'AWS-146': object('plain text, nothing to hide\n'),
  'AWS-148': json({ Item: { id: { S: '1' }, total: { N: '12.50' } } }),
  'OWN-001': json({ authorizationData: [{ authorizationToken: formless, proxyEndpoint: 'https://ecr.test' }] }),
  'OWN-002': plainJson({ authorizationToken: formless, expiration: 1_900_000_000 }),
  'OWN-003': object(`aws_access_key_id = ${accessKey}\nGITHUB_TOKEN=${token}\n`, { 'x-amz-meta-note': `key ${token}` }),
  'OWN-004': object(gzipSync(`aws_access_key_id = ${accessKey}\n`), { 'content-encoding': 'gzip' }),
  'OWN-005': json({ downloadUrl: link, layerDigest: 'sha256:0' }),
};

/** S3 gives the part that it is asked for. */
export const partOf =
  (whole: string) =>
  ({ headers }: Pick<Seen, 'headers'>): Said => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined) return object(whole);
    const body = whole.slice(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + body.length - 1}/${whole.length}`;
    return { ...object(body, { 'content-range': range }), status: 206 };
  };

const nothing: Readonly<Record<string, Said>> = {
  form: xml('<Response><requestId>r</requestId></Response>'),
  rest: { body: '' },
  json: json({}),
};

export const answerTo = (id: string, kind: 'form' | 'rest' | 'json'): Said => answers[id] ?? nothing[kind]!;
export const hasAnswer = (id: string): boolean => answers[id] !== undefined;
