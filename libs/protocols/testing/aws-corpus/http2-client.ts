/** One request over HTTP/2, with whatever pseudo-headers a test wants. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { Answer, Gateway, ToSend } from './client.js';

/** @param authority instead of the host; both are sent where they differ */
export async function sendOverHttp2(gateway: Gateway, request: ToSend, authority?: string): Promise<Answer> {
  const session = connect(gateway.endpoint, { ca: gateway.ca });
  try {
    const { method, path, query, headers, body } = request;
    const host = headers.find(([name]) => name === 'host')?.[1] ?? 'localhost';
    const rest = headers.filter(([name]) => name !== 'host' && name !== 'connection');
    const stream = session.request({
      ':method': method,
      ':path': query === '' ? path : `${path}?${query}`,
      ':authority': authority ?? host,
      ...(authority === undefined ? {} : { host }),
      ...Object.fromEntries(rest),
    });
    stream.end(body);
    const [answered] = (await once(stream, 'response')) as [Record<string, string | string[] | undefined>];
    const pieces: Buffer[] = [];
    for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
    const all = Object.entries(answered).filter(([name]) => !name.startsWith(':'));
    return {
      status: Number(answered[':status']),
      headers: all.flatMap(([name, value]) => [value ?? ''].flat().map((each) => [name, each] as const)),
      body: Buffer.concat(pieces),
    };
  } finally {
    session.destroy();
  }
}
