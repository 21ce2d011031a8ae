/** What AWS calls an error: where each wire protocol says it. */
import { decodeCbor, plainCbor } from '@sallyport/aws';
import { type Header, headerOf } from '@sallyport/http';

const codeShape = /^[\w.:-]{1,128}$/;

/** @returns AWS's own code, or the HTTP status where none can be read */
export function errorCode(status: number, headers: readonly Header[], body: Uint8Array): string {
  const named =
    headerOf(headers, 'x-amzn-errortype') ?? headerOf(headers, 'x-amzn-query-error') ?? inBody(body, headers);
  const code = named
    ?.replace(/^.*#/, '')
    .replace(/[:;].*$/, '')
    .trim();
  return code !== undefined && codeShape.test(code) ? code : String(status);
}

function inBody(body: Uint8Array, headers: readonly Header[]): string | undefined {
  if (headerOf(headers, 'smithy-protocol') === 'rpc-v2-cbor') return codeIn(() => plainCbor(decodeCbor(body)));
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 64 * 1024)).toString('utf8');
  return text.trimStart().startsWith('<')
    ? /<Code>([^<]*)<\/Code>/.exec(text)?.[1]
    : codeIn(() => JSON.parse(text) as unknown);
}

function codeIn(read: () => unknown): string | undefined {
  try {
    const fields = read() as Readonly<Record<string, unknown>> | null;
    const code = fields?.['__type'] ?? fields?.['code'] ?? fields?.['Code'];
    return typeof code === 'string' ? code : undefined;
  } catch {
    return undefined;
  }
}

const aboutCredential = new Set([
  'AuthFailure',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSecurity',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'UnrecognizedClientException',
]);

/** It is our own credential that was refused: nothing of such an answer is the client's, who has none with AWS. */
export const refusesCredential = (code: string): boolean => aboutCredential.has(code);
