/** The vendors' own SDKs before a gateway under test, and clients of bytes. */
import { connect as connectHttp2 } from 'node:http2';
import { Agent, type RequestOptions, request } from 'node:https';
import { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type ModelGateway, modelTicket } from './model-gateway.js';

type Where = Pick<ModelGateway, 'endpoint' | 'ca' | 'port'>;

/** Node's own `fetch` takes no CA for one client: the same over `node:https`. */
function fetchThrough({ ca }: Where): typeof fetch {
  const agent = new Agent({ ca, keepAlive: false });
  return async (input, init = {}) => {
    const asked = new Request(input, init);
    const body = asked.body === null ? undefined : Buffer.from(await asked.arrayBuffer());
    const headers = Object.fromEntries(asked.headers);
    const options: RequestOptions = { method: asked.method, agent, headers, signal: init.signal ?? undefined };
    return new Promise((resolve, reject) => {
      const sent = request(asked.url, options, (answer) => {
        const shown = new Headers();
        for (const [name, value] of Object.entries(answer.headers)) shown.set(name, String(value));
        resolve(new Response(Readable.toWeb(answer) as ReadableStream, { status: answer.statusCode!, headers: shown }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  };
}

export const anthropicClient = (gateway: Where, options: ConstructorParameters<typeof Anthropic>[0] = {}): Anthropic =>
  new Anthropic({
    baseURL: gateway.endpoint,
    apiKey: null,
    authToken: modelTicket,
    maxRetries: 0,
    fetch: fetchThrough(gateway),
    ...options,
  });

export const openAiClient = (gateway: Where, options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI =>
  new OpenAI({
    baseURL: `${gateway.endpoint}/v1`,
    apiKey: modelTicket,
    maxRetries: 0,
    fetch: fetchThrough(gateway),
    ...options,
  });

export interface Said {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  /** Without the ticket unless it is in `headers`. */
  readonly anonymous?: boolean;
}

export interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request, its path as it is written, and the whole answer. Rejects where the answer breaks off. */
export const ask = (
  { port, ca }: Where,
  { method = 'POST', path, headers = {}, body, anonymous }: Said,
): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      ca,
      method,
      path,
      agent: false as const,
      headers: {
        ...(anonymous ? {} : { 'x-api-key': modelTicket }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    };
    const sent = request(options, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          text: Buffer.concat(pieces).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

/** Whatever bytes, and what comes back until the gateway hangs up or nothing more comes for a moment. */
export const bytes = (
  { port, ca }: Where,
  said: string | Uint8Array,
  stillMs = 400,
): Promise<{ text: string; closed: boolean }> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'localhost' }, () => {
      socket.write(said);
      still();
    });
    const settle = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(pieces).toString('latin1'), closed });
    };
    const still = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => settle(false), stillMs);
    };
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      still();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? settle(true) : reject(error)));
    socket.on('close', () => settle(true));
  });

/** Connections by HTTP/2, each for many requests at a time. */
export async function http2Clients({ endpoint, ca }: Where, count: number) {
  const sessions = Array.from({ length: count }, () => connectHttp2(endpoint, { ca }));
  await Promise.all(sessions.map((session) => new Promise((resolve) => session.once('connect', resolve))));
  return {
    ask: (at: number, { method = 'POST', path, headers = {}, body }: Said): Promise<Heard> =>
      new Promise((resolve, reject) => {
        const stream = sessions[at]!.request({
          ':method': method,
          ':path': path,
          'x-api-key': modelTicket,
          ...headers,
        });
        let answered: Record<string, string | string[] | undefined> = {};
        const pieces: Buffer[] = [];
        stream.on('response', (shown) => {
          answered = shown;
        });
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('error', reject);
        stream.on('end', () =>
          resolve({
            status: Number(answered[':status']),
            headers: answered,
            text: Buffer.concat(pieces).toString('utf8'),
          }),
        );
        stream.end(body);
      }),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
    },
  };
}
