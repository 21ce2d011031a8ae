/** What clients say of themselves: never more than claims, and of a size and kind that can be kept. */
import { type Headers, headerOf } from '@sallyport/http';

/** An id of a session, a turn or an agent; undefined for what is none. */
export const idOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z0-9._:@/+=-]{1,128}$/.test(value) ? value : undefined;

/** The program that the User-Agent begins with, without its version: `OpenAI/JS` of `OpenAI/JS 6.49.0`. */
export function clientNameOf(headers: Headers): string | undefined {
  const agent = headerOf(headers, 'user-agent') ?? '';
  const name = /^[A-Za-z][A-Za-z0-9._-]{0,40}(?:\/[A-Za-z]{1,20}(?= ))?/.exec(agent)?.[0];
  return name?.toLowerCase();
}

/** Names in a list header, each once: it may come several times (RFC 9110, 5.3). */
export const listed = (headers: Headers, name: string): readonly string[] => [
  ...new Set(
    headers
      .filter(([each]) => each === name)
      .flatMap(([, value]) => value.split(','))
      .map((beta) => beta.trim())
      .filter((beta) => beta !== ''),
  ),
];
