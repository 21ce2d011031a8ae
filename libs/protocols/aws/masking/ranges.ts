/**
 * A range may begin or end in the middle of a secret, and half of one is found by no detector. So more is fetched than
 * was asked for, masked, and cut. What stands for a value is as long as the value, so positions stay what they were.
 */
import { GatewayError } from '@sallyport/core';
import { headerOf } from '@sallyport/http';
import { type Body, only } from './bodies.js';
import { withHeader, without } from './headers.js';
import { notUnderstood } from './not-understood.js';
import type { ResponseHead } from './types.js';

/** Longer than any value that a detector knows by its form (keys in PEM are 13 KiB at most). */
export const margin = 16 * 1024;

/** `first-last`, `first-` or `-length`, as a client asks (RFC 9110, 14.1.2). */
export interface AskedRange {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

export interface WidenedRange {
  readonly asked: AskedRange;
  readonly header: string;
}

const ranges = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/;

/**
 * @returns undefined for what is no range of bytes: servers ignore it, and so the whole object comes
 * @throws GatewayError UNSUPPORTED for several ranges at once
 */
export const widenRange = (header: string): WidenedRange | undefined => {
  if (/^\s*bytes\s*=.*,/.test(header))
    throw new GatewayError('UNSUPPORTED', 'several ranges in one request cannot be masked', {
      hint: 'ask for one range at a time',
    });
  const [, first, last] = ranges.exec(header) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Number(last);
    return { asked: { first: undefined, last: length }, header: `bytes=-${length === 0 ? 0 : length + margin}` };
  }
  const [from, to] = [Number(first), last === '' ? undefined : Number(last)];
  if (to !== undefined && to < from) return undefined;
  const begin = Math.max(0, from - margin);
  return { asked: { first: from, last: to }, header: `bytes=${begin}-${to === undefined ? '' : to + margin}` };
};

export interface Placed {
  /** Where in the object the body begins. */
  readonly begin: number;
  readonly size: number;
}

const contentRange = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/;

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD for a part that does not say where it stands */
export const placed = (head: ResponseHead): Placed => {
  const [, begin, , size] = contentRange.exec(headerOf(head.headers, 'content-range') ?? '') ?? [];
  if (begin === undefined || size === undefined) throw notUnderstood('a part of an object does not say which it is');
  return { begin: Number(begin), size: Number(size) };
};

/** Bytes of the object from `begin` up to, without, `end`; undefined where nothing of it was asked for. */
export const wanted = ({ first, last }: AskedRange, size: number): { begin: number; end: number } | undefined => {
  if (first === undefined) return last === 0 ? undefined : { begin: Math.max(0, size - (last ?? 0)), end: size };
  if (first >= size) return undefined;
  return { begin: first, end: Math.min(size, last === undefined ? size : last + 1) };
};

export const cutHead = (
  head: ResponseHead,
  { begin, end }: { begin: number; end: number },
  size: number,
): ResponseHead => ({
  status: head.status,
  headers: withHeader(
    withHeader(head.headers, 'content-range', `bytes ${begin}-${end - 1}/${size}`),
    'content-length',
    String(end - begin),
  ),
});

/** Only the bytes from `begin` up to, without, `end` of a body that begins at `at`. */
export async function* cut(body: Body, at: number, { begin, end }: { begin: number; end: number }): Body {
  let position = at;
  for await (const piece of body) {
    const from = Math.max(0, begin - position);
    const to = Math.min(piece.length, end - position);
    position += piece.length;
    if (to > from) yield piece.subarray(from, to);
    if (position >= end) return;
  }
  if (position < end) throw notUnderstood('an object ended before its length');
}

const refusal = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidRange</Code><Message>The requested range is not satisfiable</Message></Error>`;

/** What the target would have said, had it been asked for no more than the client wants. */
export const notSatisfiable = (head: ResponseHead, size: number): { head: ResponseHead; body: Body } => {
  const kept = without(
    head.headers,
    (name) => name.startsWith('content-') || name.startsWith('x-amz-meta-') || name === 'etag',
  );
  const bytes = Buffer.from(refusal);
  const headers = [
    ...kept,
    ['content-range', `bytes */${size}`],
    ['content-type', 'application/xml'],
    ['content-length', String(bytes.length)],
  ] as const;
  return { head: { status: 416, headers }, body: only(bytes) };
};
