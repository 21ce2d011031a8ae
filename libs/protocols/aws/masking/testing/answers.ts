/** Answers as a target would send them, through the masking of the agent. */
import type { WireProtocol } from '@sallyport/aws';
import type { MaskingRule } from '@sallyport/core';
import { compileMasking, type Masker } from '@sallyport/masking';
import { type BinaryRule, type Headers, maskingOf } from '../index.js';

export const secretsAndPeople: readonly MaskingRule[] = [
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'people', kind: 'detector', detector: 'personal-data', action: 'redact' },
];
export const key = new Uint8Array(32).fill(7);
export const maskerOf = (...rules: readonly MaskingRule[]): Masker => compileMasking(rules, { key });
export const usual = maskerOf(...secretsAndPeople);

// No secret is written as one literal: scanners of repositories would take it for a live one.
export const accessKey = `AK${'IA'}IOSFODNN7EXAMPLE`;
export const githubToken = `gh${'p_'}a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8`;
export const mail = 'ada@shop.test';

export interface Answer {
  readonly service: string;
  readonly operation: string;
  readonly protocol: WireProtocol;
  readonly method?: string;
  readonly query?: string;
  readonly asked?: Headers;
  readonly status?: number;
  readonly headers?: Headers;
  readonly body: Uint8Array | string;
  readonly masker?: Masker;
  readonly binary?: BinaryRule;
  /** How the body is cut on its way. */
  readonly pieces?: (body: Uint8Array) => readonly Uint8Array[];
}

export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly text: string;
  readonly maskedFields: number;
  readonly maskedBy: readonly string[];
}

export const seen = async (answer: Answer): Promise<Seen> => {
  const { service, operation, protocol, method = 'POST', query = '', asked = [], status = 200, pieces } = answer;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const call = { service, operation, protocol, method, query, headers: asked };
  const masking = maskingOf(call, answer.masker ?? usual, { binary: answer.binary ?? 'scan' });
  const headers: Headers = [...(answer.headers ?? []), ['content-length', String(body.length)]];
  async function* sent() {
    yield* pieces ? pieces(body) : [body];
  }
  const response = await masking.response({ status, headers }, sent());
  const got: Uint8Array[] = [];
  for await (const piece of response.body) got.push(Uint8Array.from(piece));
  const bytes = Buffer.concat(got);
  const { maskedFields, maskedBy } = response.result;
  const shown = { status: response.head.status, headers: Object.fromEntries(response.head.headers) };
  return { ...shown, bytes, text: bytes.toString(), maskedFields, maskedBy };
};

/** Every way to cut a body in two, and byte by byte. */
export const everyCut = (body: Uint8Array): (readonly Uint8Array[])[] => [
  Array.from(body, (_, index) => body.subarray(index, index + 1)),
  ...Array.from({ length: body.length + 1 }, (_, at) => [body.subarray(0, at), body.subarray(at)]),
];
