/** What the agent does to an answer of AWS before a byte of it leaves: see README.md. */
import { GatewayError } from '@sallyport/core';
import { headerOf } from '@sallyport/http';
import type { Masker } from '@sallyport/masking';
import { nothing } from './bodies.js';
import { eventResponse } from './events.js';
import { maskHeaders, withHeader, without } from './headers.js';
import { answerMembers } from './members.js';
import { objectResponse } from './objects.js';
import { widenRange } from './ranges.js';
import { structuredResponse, textHider } from './structured.js';
import { Tally } from './tally.js';
import type { MaskedCall, MaskedResponse, MaskingSettings, ResponseHead, ResponseMasking } from './types.js';

export type {
  BinaryRule,
  Headers,
  MaskedCall,
  MaskedResponse,
  MaskingResult,
  MaskingSettings,
  ResponseHead,
  ResponseMasking,
} from './types.js';
export { binaryRules } from './types.js';

/** Would have the target send digests of what will be changed. */
const unwanted = new Set(['x-amz-te', 'te', 'x-amz-checksum-mode']);

const hasNoBody = (head: ResponseHead, { method }: MaskedCall): boolean =>
  method === 'HEAD' || head.status === 204 || head.status === 304 || headerOf(head.headers, 'content-length') === '0';

/** Of S3's PUT and DELETE these alone answer with a document; all others in headers, by their models. */
const documented = new Set(['CopyObject', 'UploadPartCopy', 'PutObjectAnnotation']);

/** Emulators put a word of their own there, which no client reads: it stays where it is. */
const meansNothing = ({ status }: ResponseHead, { service, method, operation }: MaskedCall): boolean =>
  status < 300 && service === 's3' && (method === 'PUT' || method === 'DELETE') && !documented.has(operation);

/** As S3 reads it: percent-encoded letters are the same key. */
const keyOf = (pair: string): string => {
  const [key = ''] = pair.split('=', 1);
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // no query that anybody reads: the catalogue has refused it
  }
};

/**
 * One call's masking, made before its request is sent, because the request changes: a range is widened, and digests and
 * encodings that masking would break are not asked for.
 *
 * @throws GatewayError UNSUPPORTED for several ranges in one request, and where the client says how an object is encoded
 */
export const maskingOf = (call: MaskedCall, masker: Masker, settings: MaskingSettings): ResponseMasking => {
  const answer = answerMembers(call.service, call.operation);
  if (call.query.split('&').some((pair) => /^response-content-encoding$/i.test(keyOf(pair))))
    throw new GatewayError(
      'UNSUPPORTED',
      'an object is decoded as it was stored, not as "response-content-encoding" says',
      {
        hint: 'leave response-content-encoding out',
      },
    );
  const asked = headerOf(call.headers, 'range');
  const range = answer.body === 'raw' && call.method === 'GET' && asked !== undefined ? widenRange(asked) : undefined;
  const kept = without(call.headers, (name) => unwanted.has(name));
  const plain = answer.body === 'raw' ? kept : without(kept, (name) => name === 'accept-encoding');

  const response = async (head: ResponseHead, body: AsyncIterable<Uint8Array>): Promise<MaskedResponse> => {
    const tally = new Tally();
    const texts = textHider(masker, tally);
    const documents = { call, answer, texts, masker };
    if (hasNoBody(head, call))
      return {
        head: { status: head.status, headers: maskHeaders(head.headers, answer, texts) },
        body: nothing(),
        result: tally,
      };
    if (meansNothing(head, call))
      return {
        head: {
          status: head.status,
          headers: withHeader(maskHeaders(head.headers, answer, texts), 'content-length', '0'),
        },
        body: nothing(),
        result: tally,
      };
    if (head.status < 300 && answer.body === 'raw')
      return objectResponse(head, body, { ...documents, settings, range, tally });
    if (head.status < 300 && answer.body === 'events') return eventResponse(head, body, documents, tally);
    return structuredResponse(head, body, documents, tally);
  };

  return { headers: range ? withHeader(plain, 'range', range.header) : plain, response };
};
