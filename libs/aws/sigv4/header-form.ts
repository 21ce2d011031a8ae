import type { Authorization, Readable } from './authorization.js';
import { checkSignature, checkSignedHeaders, readCredential, refuseAlgorithm } from './authorization-parts.js';
import { fail } from './failure.js';
import { impliedPayload } from './payload.js';
import { algorithm, parseAmzDate } from './scope.js';

/**
 * `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
 *
 * @throws Failed
 */
export const readHeader = (header: string, { headers }: Readable): Authorization => {
  const [scheme = '', rest = ''] = splitOnce(header.trim(), ' ');
  if (scheme !== algorithm) refuseAlgorithm(scheme);
  const parts = readParts(rest);
  const { accessKeyId, scope } = readCredential(parts.get('Credential')!);
  const amzDate = headers.get('x-amz-date')?.[0] ?? fail('missing', 'the header x-amz-date is missing');
  const signedAt = parseAmzDate(amzDate) ?? fail('malformed', 'x-amz-date is no date like 20260102T030405Z');
  const payload = headers.get('x-amz-content-sha256')?.[0] ?? impliedPayload('header', scope.service);
  const sessionToken = headers.get('x-amz-security-token')?.[0];
  return {
    ok: true,
    form: 'header',
    accessKeyId,
    scope,
    signedHeaders: checkSignedHeaders(parts.get('SignedHeaders')!),
    signature: checkSignature(parts.get('Signature')!),
    signedAt,
    amzDate,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(payload === undefined ? {} : { payload }),
  };
};

const splitOnce = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

const names = ['Credential', 'SignedHeaders', 'Signature'];

const readParts = (text: string): Map<string, string> => {
  const parts = new Map(text.split(',').map((part) => splitOnce(part.trim(), '=')));
  const count = text.split(',').length;
  if (count !== names.length || names.some((name) => !parts.get(name)))
    fail('malformed', 'authorization does not hold exactly Credential, SignedHeaders and Signature');
  return parts;
};
