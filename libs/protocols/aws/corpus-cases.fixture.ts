/** The AWS part of the evasion corpus: requests as clients would write them, and which of them only a wire can show. */
import { readFileSync } from 'node:fs';
import type { Addressing, AwsRequest, SignedScope } from '@sallyport/aws';

export interface AwsCase {
  readonly id: string;
  readonly class: string;
  readonly expect: string;
  readonly note: string;
  readonly input: {
    readonly service: string;
    readonly action: string;
    readonly method?: string;
    readonly host?: string;
    readonly path?: string;
    readonly query?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

export const awsCases: readonly AwsCase[] = readFileSync(new URL('corpus/aws.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as AwsCase);

/** What identification, description and policy alone cannot show: they run end to end. */
export const onTheWire: Readonly<Record<string, string>> = {
  'AWS-036': 'a login token signed by the client: that its key is worthless at AWS',
  'AWS-039': 'a link signed with a foreign key: the signature is refused before anything is described',
  'AWS-062': 'what is masked in the answer of GetFunction',
  'AWS-077': 'a body beyond what is inspected is refused while it is read',
  'AWS-079': 'a range of an object whose content is scanned',
  'AWS-083': 'an answer whose encoding cannot be undone',
  'AWS-084': 'trailers of aws-chunked are checked while the body is read',
  'AWS-085': 'chunk signatures are made anew upstream',
  'AWS-103': 'event streams both ways, over HTTP/2',
  'AWS-108': 'other spellings of an endpoint: only the gateway’s own names lead to it',
  'AWS-109': 'host name, server name and address: the upstream host is the gateway’s choice',
  'AWS-114': 'a host name with a port and a dot',
  'AWS-115': 'two lengths in one request',
  'AWS-118': 'authority and host differ',
  'AWS-120': 'a session token that is not the gateway’s own',
  'AWS-121': 'a header that Connection names is taken out',
  'AWS-129': 'the same signature twice',
  'AWS-130': 'a clock that is wrong',
  'AWS-132': 'a body that is not the signed one',
  'AWS-133': 'another algorithm of signing',
  'AWS-135': 'frames of an event stream are scanned',
  'AWS-139': 'what is masked in the answer of DescribeTaskDefinition',
};

/** Refused before anything is described: two readers could understand the request in two ways, or nobody does. */
export const notIdentified: Readonly<Record<string, RegExp>> = {
  'AWS-091': /no operation of s3 or s3control/,
  'AWS-092': /no query key “policy”/,
  'AWS-099': /names no operation/,
  'AWS-100': /charset/,
  'AWS-101': /the CBOR is wrong/,
  'AWS-122': /there twice/,
  'AWS-143': /no service signs as/,
};

/** Virtual hosts name the bucket in front: `app-data.s3.us-east-1.amazonaws.com`. */
export const addressingOf = ({ input: { host = '' } }: AwsCase): Addressing => {
  const bucket = /^(.+)\.s3[.-](?!control)/.exec(host)?.[1];
  return bucket === undefined ? {} : { bucket };
};

const signingNames: Readonly<Record<string, string>> = {
  api: 'ecr',
  'bedrock-runtime': 'bedrock',
  cloudcontrolapi: 'cloudcontrolapi',
  cloudwatch: 'monitoring',
};

export const scopeOf = ({ input: { host = '', service } }: AwsCase): SignedScope => {
  const label = /(?:^|\.)(s3)[.-]/.exec(host)?.[1] ?? host.split('.')[0] ?? service;
  return {
    region: /\.([a-z]{2}-[a-z]+-\d)\./.exec(host)?.[1] ?? 'us-east-1',
    signingName: signingNames[label] ?? label,
  };
};

/** What an SDK sends, where the case leaves it open. */
const usualType = (headers: readonly (readonly [string, string])[], body: string): string | undefined => {
  if (body === '' || headers.some(([name]) => name === 'content-type')) return undefined;
  if (headers.some(([name]) => name === 'x-amz-target')) return 'application/x-amz-json-1.1';
  if (body.startsWith('{')) return 'application/json';
  return body.startsWith('<') ? 'application/xml' : 'application/x-www-form-urlencoded; charset=utf-8';
};

export const requestOf = ({ input }: AwsCase): AwsRequest => {
  const { method = 'POST', path = '/', query = '', body = '' } = input;
  const headers = Object.entries(input.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const type = usualType(headers, body);
  return {
    method,
    path,
    query,
    headers: type === undefined ? headers : [...headers, ['content-type', type]],
    body: Buffer.from(body),
  };
};
