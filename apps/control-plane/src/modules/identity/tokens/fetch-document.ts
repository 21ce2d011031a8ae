import { GatewayError } from '@sallyport/core';
import { isLoopback } from '../../../platform/config.js';

const deadlineMs = 5000;
const mostBytes = 256 * 1024;

/**
 * A small JSON document of the issuer's: by https (http on loopback only), no redirects, bounded in time and size.
 * @throws GatewayError UNAUTHENTICATED with the cause: without it nobody can be recognised
 */
export async function fetchDocument(
  address: string,
  init: RequestInit = {},
): Promise<{ readonly ok: boolean; readonly body: unknown }> {
  const url = new URL(address);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw unreachable(new Error(`"${url.origin}" is not https`));
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(deadlineMs), ...init });
    return { ok: response.ok, body: JSON.parse(await bounded(response)) as unknown };
  } catch (cause) {
    throw unreachable(cause);
  }
}

async function bounded(response: Response): Promise<string> {
  if (response.body === null) return 'null';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBytes) throw new Error(`the issuer's answer is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const unreachable = (cause: unknown): GatewayError =>
  new GatewayError('UNAUTHENTICATED', 'the issuer cannot be asked right now, so nobody can log in', {
    cause,
    hint: 'try again in a minute',
  });
