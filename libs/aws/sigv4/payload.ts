import { isS3 } from './canonical.js';
import { checksumOf } from './checksums.js';
import { fail } from './failure.js';

/** How the signature protects the body. */
export type BodyProtection =
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | ChunkedProtection;

export interface ChunkedProtection {
  readonly kind: 'chunked-signed' | 'chunked-signed-trailer' | 'chunked-unsigned-trailer';
  /** Decoded; absent where the client did not say. */
  readonly length?: number;
  /** Names of the trailers that were announced; none other may come, and each must. */
  readonly trailers: readonly string[];
}

const streaming: Readonly<Record<string, ChunkedProtection['kind']>> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': 'chunked-signed',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': 'chunked-signed-trailer',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': 'chunked-unsigned-trailer',
};

type Headers = ReadonlyMap<string, readonly string[]>;

/**
 * @param payload the value of x-amz-content-sha256, or what it stands for
 * @throws Failed malformed, unsupported
 */
export const protectionOf = (payload: string, headers: Headers): BodyProtection => {
  const chunked = /(?:^|[, ])aws-chunked(?:[, ]|$)/i.test((headers.get('content-encoding') ?? []).join(','));
  if (Object.hasOwn(streaming, payload)) return chunkedProtection(streaming[payload]!, headers);
  if (payload.startsWith('STREAMING-')) fail('unsupported', `bodies signed as ${quote(payload)} are not supported`);
  // Whoever decodes it and whoever does not would see two bodies.
  if (chunked) fail('malformed', 'content-encoding says aws-chunked, x-amz-content-sha256 does not');
  if (payload === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' };
  if (/^[0-9a-f]{64}$/.test(payload)) return { kind: 'hash', sha256: payload };
  return fail('malformed', 'x-amz-content-sha256 is neither a hash nor a known word');
};

const quote = (text: string): string => JSON.stringify(text.slice(0, 64));

const chunkedProtection = (kind: ChunkedProtection['kind'], headers: Headers): ChunkedProtection => {
  const length = headers.get('x-amz-decoded-content-length')?.[0];
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    fail('malformed', 'x-amz-decoded-content-length is no number');
  const trailers = (headers.get('x-amz-trailer')?.[0] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const announced = trailers.filter(Boolean);
  if (kind === 'chunked-signed' && announced.length > 0) fail('malformed', 'x-amz-trailer announces what cannot come');
  for (const name of announced) checkTrailerName(name);
  if (new Set(announced).size < announced.length) fail('malformed', 'x-amz-trailer names a trailer twice');
  return { kind, trailers: announced, ...(length === undefined ? {} : { length: Number(length) }) };
};

const checkTrailerName = (name: string): void => {
  if (!/^x-amz-[a-z0-9-]{1,64}$/.test(name) || name === 'x-amz-trailer-signature')
    fail('malformed', `${quote(name)} is not the name of a trailer`);
  if (name.startsWith('x-amz-checksum-') && !checksumOf(name))
    fail('unsupported', `the checksum ${quote(name)} is not supported`);
};

/** What the last line of the canonical request is where no header or parameter says: undefined for the hash of the body. */
export const impliedPayload = (form: 'header' | 'presigned', service: string): string | undefined => {
  if (isS3(service))
    return form === 'presigned' ? 'UNSIGNED-PAYLOAD' : fail('missing', 'the header x-amz-content-sha256 is missing');
  return undefined;
};
