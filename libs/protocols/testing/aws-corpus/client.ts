/** A client that signs what a case says with a ticket's key pair, and sends exactly that. */
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type AwsRequest, type SignedScope, sign } from '@sallyport/aws';
import type { awsGateway } from '../aws-gateway.js';

export type Gateway = Awaited<ReturnType<typeof awsGateway>>;

export interface Answer {
  readonly status: number;
  /** Lower-case names, in wire order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface ToSend extends Pick<AwsRequest, 'method' | 'path' | 'query' | 'headers'> {
  readonly body?: Uint8Array;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface SigningOptions {
  readonly now?: Date;
  readonly payload?: string;
  readonly credentials?: Gateway['credentials'];
}

/** What its client would send: every header that says something is signed. */
export function signedBy(
  gateway: Gateway,
  request: ToSend,
  scope: SignedScope,
  { now = new Date(), payload, credentials = gateway.credentials }: SigningOptions = {},
): ToSend {
  const { query, headers } = sign(request, credentials, {
    region: scope.region,
    service: scope.signingName,
    now,
    payload: payload ?? sha256(request.body ?? new Uint8Array(0)),
  });
  return { ...request, query, headers };
}

const targetOf = ({ path, query }: ToSend): string => (query === '' ? path : `${path}?${query}`);
const hostOf = ({ headers }: ToSend): string => headers.find(([name]) => name === 'host')?.[1] ?? 'localhost';
const serverName = (host: string): string => {
  const name = host.replace(/:\d+$/, '').replace(/\.$/, '');
  return isIP(name) > 0 || name === '' ? 'localhost' : name;
};

const answerOf = (response: IncomingMessage, body: Buffer): Answer => {
  const { rawHeaders } = response;
  const headers = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1]!] as const] : [],
  );
  return { status: response.statusCode!, headers, body };
};

const collect = (
  response: IncomingMessage,
  resolve: (answer: Answer) => void,
  reject: (error: Error) => void,
): void => {
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => pieces.push(piece));
  response.on('end', () => resolve(answerOf(response, Buffer.concat(pieces))));
  response.on('error', reject);
};

const lengthOf = ({ method, body, headers }: ToSend): string[] =>
  headers.some(([name]) => name === 'content-length' || name === 'transfer-encoding') ||
  (body === undefined && method === 'GET')
    ? []
    : ['content-length', String(body?.length ?? 0)];

/** Over a connection of its own. */
export function send(gateway: Gateway, request: ToSend): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ca: gateway.ca, keepAlive: false });
    const sent = httpsRequest({
      host: '127.0.0.1',
      port: gateway.port,
      servername: serverName(hostOf(request)),
      method: request.method,
      path: targetOf(request),
      headers: [...request.headers.flat(), ...lengthOf(request)],
      agent,
    });
    sent.on('response', (response) => collect(response, resolve, reject));
    sent.on('error', reject);
    sent.end(request.body);
  });
}

/** To the target itself, as the agent would address it. */
export function sendDirectly(url: string, request: ToSend, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const headers = request.headers.filter(([name]) => !/^(?:host|authorization|x-amz-)/.test(name));
    const sent = httpRequest({
      host: hostname,
      port,
      method: request.method,
      path: targetOf({ ...request, path }),
      headers: [...headers.flat(), 'host', `${hostname}:${port}`, ...lengthOf(request)],
      agent: false,
    });
    sent.on('response', (response) => collect(response, resolve, reject));
    sent.on('error', reject);
    sent.end(request.body);
  });
}

/** Bytes that no HTTP client would send. @returns all that comes back until the gateway closes */
export async function sendBytes(gateway: Gateway, text: string | Buffer, host = 'localhost'): Promise<string> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gateway.port,
    ca: gateway.ca,
    servername: serverName(host),
    ALPNProtocols: ['http/1.1'],
  });
  socket.on('secureConnect', () => socket.write(text));
  let heard = '';
  socket.on('data', (piece: Buffer) => {
    heard += piece.toString('latin1');
  });
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
  });
  return heard;
}
