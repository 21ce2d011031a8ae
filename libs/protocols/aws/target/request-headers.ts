/**
 * Headers of the client that go on to AWS. An allow-list: what is not here could choose another credential, another
 * host, another body, or an answer that nobody can mask.
 */
import { GatewayError } from '@sallyport/core';
import type { Header } from '@sallyport/http';

const plain = new Set([
  'accept',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'smithy-protocol',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
]);

/** Ours to say, or without meaning once the body was decoded. */
const owned = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expires',
  'x-amz-region-set',
  'x-amz-s3session-token',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
  'x-amz-trailer',
  'x-amz-user-agent',
]);

/** No model names one of these; should a future one do, it is still ours to say. */
const ofConnection = new Set([
  'host',
  'authorization',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'upgrade',
  'expect',
  'cookie',
  'user-agent',
  'accept-encoding',
]);

const userAgent = 'sallyport-agent';
const printable = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * @param modelled headers that the operation's own model has, in lower case: `x-amzn-bedrock-guardrailidentifier`
 * @throws PROTOCOL_VIOLATION where a value cannot be sent
 */
export function requestHeaders(client: readonly Header[], modelled: ReadonlySet<string> = new Set()): Header[] {
  const sent = client.filter(
    ([name]) =>
      plain.has(name) ||
      (!owned.has(name) && (name.startsWith('x-amz-') || (modelled.has(name) && !ofConnection.has(name)))),
  );
  if (!sent.every(([, value]) => printable.test(value)))
    throw new GatewayError('PROTOCOL_VIOLATION', 'a header of the call holds characters that none may');
  const headers = sent.flatMap(withoutChunking);
  return withoutEmptyPromise([...headers, ['user-agent', userAgent]]);
}

/** The chunks of `aws-chunked` were taken apart at gate one. */
function withoutChunking([name, value]: Header): Header[] {
  if (name !== 'content-encoding') return [[name, value]];
  const encodings = value.split(',').map((each) => each.trim());
  const rest = encodings.filter((each) => each !== '' && each.toLowerCase() !== 'aws-chunked');
  return rest.length === 0 ? [] : [[name, rest.join(',')]];
}

/** S3 refuses a request that names an algorithm and has no checksum: that of a trailer went with the chunks. */
function withoutEmptyPromise(headers: Header[]): Header[] {
  const hasChecksum = headers.some(([name]) => /^x-amz-checksum-(?!algorithm|mode|type)/.test(name));
  return hasChecksum ? headers : headers.filter(([name]) => name !== 'x-amz-sdk-checksum-algorithm');
}
