/** What the agent hands the response side, and what it gets back. */
import type { WireProtocol } from '@sallyport/aws';

export type Headers = readonly (readonly [name: string, value: string])[];

/** Names in lower case, in wire order; hop-by-hop headers and transfer encoding are the agent's own matter. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
}

export interface MaskedCall {
  readonly service: string;
  readonly operation: string;
  readonly protocol: WireProtocol;
  readonly method: string;
  readonly query: string;
  /** As the client sent them, lower-case names. */
  readonly headers: Headers;
}

export const binaryRules = ['scan', 'deny', 'pass'] as const;
/**
 * Object bodies that are no text (archives, images, columnar files): `scan` reads their bytes, which finds nothing in
 * compressed ones and may change a byte that looks like a value; `deny` refuses them; `pass` leaves them as they are.
 */
export type BinaryRule = (typeof binaryRules)[number];

export interface MaskingSettings {
  readonly binary: BinaryRule;
}

export interface MaskingResult {
  /** Values hidden so far. */
  readonly maskedFields: number;
  /** Ids of the rules that hid something, sorted; `aws-model` and `aws-list` are the built-in ones. */
  readonly maskedBy: readonly string[];
}

export interface MaskedResponse {
  readonly head: ResponseHead;
  /** To be read to its end; throws GatewayError where the rest is not understood: nothing more may leave then. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Final once the body has been read. */
  readonly result: MaskingResult;
}

/**
 * One call's masking, made before the request is sent: `headers` replaces those of the request (a range is widened,
 * encodings and checksums that masking would break are not asked for).
 */
export interface ResponseMasking {
  readonly headers: Headers;
  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD before anything of the body may leave */
  response(head: ResponseHead, body: AsyncIterable<Uint8Array>): Promise<MaskedResponse>;
}
