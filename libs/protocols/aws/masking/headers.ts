/** The headers of an answer: what AWS made passes, what people wrote is looked at, what would let somebody in is dropped. */

import { headerOf } from '@sallyport/http';
import { redacted } from '@sallyport/masking';
import { builtInMask } from './hide-tree.js';
import type { AnswerMembers } from './members.js';
import type { TextHider } from './texts.js';
import type { Headers } from './types.js';

/** A session or a credential of the target’s, none of the client’s business. */
const dropped = new Set(['set-cookie', 'set-cookie2', 'authorization', 'proxy-authenticate', 'x-amz-security-token']);

/** Made by AWS or by the transport, and nobody’s words: read by no detector. */
const plain = new Set([
  ...['accept-ranges', 'connection', 'content-length', 'content-md5', 'content-range', 'date', 'etag', 'expires'],
  ...['last-modified', 'server', 'vary', 'x-amz-crc32', 'x-amz-id-2', 'x-amz-request-id', 'x-amzn-requestid'],
  ...['x-amz-version-id', 'x-amz-copy-source-version-id', 'x-amz-checksum-crc32', 'x-amz-checksum-crc32c'],
  ...['x-amz-checksum-crc64nvme', 'x-amz-checksum-sha1', 'x-amz-checksum-sha256', 'x-amz-checksum-type'],
  ...['x-amzn-trace-id', 'x-amz-cf-id', 'x-amz-apigw-id', 'smithy-protocol'],
]);

export const without = (headers: Headers, gone: (name: string) => boolean): Headers =>
  headers.filter(([name]) => !gone(name));

/** In the place of the old one, or at the end. */
export const withHeader = (headers: Headers, name: string, value: string): Headers =>
  headerOf(headers, name) === undefined
    ? [...headers, [name, value]]
    : headers.map((header) => (header[0] === name ? [name, value] : header));

const metadata = 'x-amz-meta-';
/** What S3 makes of metadata that is not ASCII (RFC 2047). */
const encodedWord = /=\?[\w-]+\?([BbQq])\?([^?]*)\?=/g;

const decodedWords = (value: string): string => {
  if (!value.includes('=?')) return value;
  return value.replace(encodedWord, (_, form: string, text: string) =>
    form.toUpperCase() === 'B'
      ? Buffer.from(text, 'base64').toString()
      : Buffer.from(
          text
            .replaceAll('_', ' ')
            .replace(/=([0-9A-Fa-f]{2})/g, (__, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        ).toString(),
  );
};

const unsafe = /[^\x20-\x7e]/g;

/** @returns undefined where the header is left out */
const masked = (
  name: string,
  value: string,
  { headers, service }: AnswerMembers,
  texts: TextHider,
): string | undefined => {
  const mark = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (mark) {
    const mask = builtInMask(mark);
    texts.tally.add([mask.rule]);
    return redacted(mask.rule);
  }
  const bare = name.startsWith(metadata) ? name.slice(metadata.length) : name;
  const called = texts.isTelling(bare) && !service.quiet.has(bare) ? bare : undefined;
  const words = decodedWords(value);
  if (words !== value && texts.text(words, called) !== undefined) return redacted();
  const hidden = texts.text(value, called);
  return hidden === undefined ? value : hidden === null ? undefined : hidden.replace(unsafe, '?');
};

export const maskHeaders = (headers: Headers, answer: AnswerMembers, texts: TextHider): Headers =>
  headers.flatMap(([name, value]) => {
    if (dropped.has(name)) return [];
    if (plain.has(name) || (name.startsWith('x-amz-server-side-encryption') && !Object.hasOwn(answer.headers, name)))
      return [[name, value] as const];
    const shown = masked(name, value, answer, texts);
    return shown === undefined ? [] : [[name, shown] as const];
  });
