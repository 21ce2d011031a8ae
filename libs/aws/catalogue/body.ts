/** The bytes of a body that is to be understood: bounded, and without the one encoding that clients of AWS use. */
import { gunzipSync } from 'node:zlib';
import type { Head } from './head.js';
import { quoted, refuse } from './refuse.js';

/** Of the body as it is sent, and of what it unpacks to. No operation that has its members in the body takes more. */
export const maxInspectedBytes = 16 * 1024 * 1024;

const tooLarge = (): never => refuse(`the body has more than ${maxInspectedBytes} bytes`);

export const readable = (head: Head, body: Uint8Array): Uint8Array => {
  checkCharset(head);
  if (body.length > maxInspectedBytes) return tooLarge();
  const codings = (head.headers.get('content-encoding') ?? '').toLowerCase().split(',');
  const left = codings
    .map((coding) => coding.trim())
    .filter((coding) => !['', 'identity', 'aws-chunked'].includes(coding));
  if (left.length === 0) return body;
  if (left.length > 1 || left[0] !== 'gzip') return refuse(`the body is encoded by ${quoted(left.join(', '))}`);
  return unpack(body);
};

/** Text in another encoding would be other text to a server that looks at this. */
const checkCharset = (head: Head): void => {
  const [, charset] = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(head.headers.get('content-type') ?? '') ?? [];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') refuse(`the body’s charset is ${quoted(charset)}`);
};

const unpack = (body: Uint8Array): Uint8Array => {
  try {
    return gunzipSync(body, { maxOutputLength: maxInspectedBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge();
    return refuse('the body says that it is gzip and is not');
  }
};
