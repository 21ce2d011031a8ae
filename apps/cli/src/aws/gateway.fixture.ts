import { createHash, createHmac } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';

/** A call as it came, and whether the key that belongs to its session token signed it. */
export interface Call {
  readonly operation: string;
  /** The host name that the TLS handshake asked for; undefined for an address. */
  readonly serverName: string | undefined;
  readonly host: string;
  readonly path: string;
  /** Which of the tickets; undefined for a session token that is none of them. */
  readonly ticket: number | undefined;
  readonly signed: boolean;
}

export interface StubGateway extends AsyncDisposable {
  /** The control plane's address. */
  readonly url: string;
  /** The AWS listener's. */
  readonly endpoint: string;
  readonly calls: readonly Call[];
  /** What the hosts were that a proxy was asked for. */
  readonly tunnels: readonly string[];
  /** Bodies of the requests for tickets. */
  readonly asked: readonly Record<string, unknown>[];
  /** Everything that arrived, headers and all, to look for what should not be there. */
  readonly wire: () => string;
  /** From now on no ticket is given. */
  refuse(problem: object): void;
  reset(): void;
}

const hosts = [
  '127.0.0.1',
  'sts.eu-west-1.amazonaws.com',
  '*.s3.eu-west-1.amazonaws.com',
  'sync-states.eu-west-1.amazonaws.com',
];

const keyOf = (ticket: number) => ({
  ticket: `spt_session_${ticket}`,
  access_key_id: `SPKEY${String(ticket).padStart(15, '0')}`,
  secret_access_key: `secret-of-${ticket}`,
});

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const authorization =
  /^AWS4-HMAC-SHA256 Credential=(?<key>[^/]+)\/(?<scope>(?<day>\d+)\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request), ?SignedHeaders=(?<signed>[^,]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

/** Whether Signature Version 4 holds, for a request whose path and query came in their canonical form. */
const isSigned = ({ method, url, headers }: IncomingMessage, body: Buffer, ticket: number): boolean => {
  const given = authorization.exec(headers.authorization ?? '')?.groups;
  const { access_key_id, secret_access_key } = keyOf(ticket);
  if (given?.['key'] !== access_key_id) return false;
  const [path, query = ''] = url!.split('?');
  const names = given['signed']!.split(';');
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'] ?? sha256(body),
  ].join('\n');
  const text = `AWS4-HMAC-SHA256\n${String(headers['x-amz-date'])}\n${given['scope']}\n${sha256(canonical)}`;
  const parts = [given['day'], given['region'], given['service'], 'aws4_request'];
  const key = parts.reduce<string | Buffer>((last, part) => hmac(last, part!), `AWS4${secret_access_key}`);
  return names.includes('x-amz-security-token') && hmac(key, text).toString('hex') === given['signature'];
};

/** Of an execution of Step Functions, which AWS serves by another name than the rest of the service. */
const execution = { executionArn: 'e', startDate: 1, stopDate: 2, status: 'SUCCEEDED', output: '"done"' };

const answers: Readonly<Record<string, string>> = {
  GetCallerIdentity:
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/gate/ada</Arn><UserId>u</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  ListObjectsV2:
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>reports</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>june.csv</Key><Size>3</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents></ListBucketResult>',
  StartSyncExecution: JSON.stringify(execution),
};

const operationOf = ({ url, headers }: IncomingMessage, body: Buffer): string =>
  headers['x-amz-target']?.toString().split('.')[1] ??
  new URLSearchParams(body.toString()).get('Action') ??
  (url!.includes('list-type=2') ? 'ListObjectsV2' : 'unknown');

/** A control plane that gives tickets, and beside it what listens for AWS: TLS, and CONNECT in the clear, on one port. */
export const stubGateway = async (lifetimeSeconds: number): Promise<StubGateway> => {
  const authority = await createAuthority();
  const { certificate, privateKey } = await issueServerCertificate(authority, hosts);
  const [calls, tunnels, asked]: [Call[], string[], Record<string, unknown>[]] = [[], [], []];
  let arrived = '';
  let problem: object | undefined;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await read(request);
    arrived += `${request.url}\n${request.rawHeaders.join('\n')}\n${body.toString('latin1')}\n`;
    const token = request.headers['x-amz-security-token'];
    const known = asked.findIndex((_, index) => keyOf(index).ticket === token);
    const operation = operationOf(request, body);
    calls.push({
      operation,
      serverName: (request.socket as TLSSocket).servername || undefined,
      host: request.headers.host!,
      path: request.url!,
      ticket: known < 0 ? undefined : known,
      signed: known >= 0 && isSigned(request, body, known),
    });
    response.writeHead(answers[operation] ? 200 : 400, { 'content-type': 'text/xml' }).end(answers[operation] ?? '');
  };
  const tls = createHttpsServer({ cert: certificate, key: privateKey }, (request, response) => {
    void answer(request, response);
  });
  const sockets = new Set<Socket>();
  const proxy = createHttpServer().on('connect', (request: IncomingMessage, socket: Socket) => {
    tunnels.push(request.url!);
    arrived += `${request.url}\n${request.rawHeaders.join('\n')}\n`;
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    tls.emit('connection', socket);
  });
  // the first byte of a TLS handshake is 22; no method begins with it
  const listener = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    socket.once('readable', () => {
      const first = socket.read(1) as Buffer | null;
      if (!first) return void socket.destroy();
      socket.unshift(first);
      (first[0] === 22 ? tls : proxy).emit('connection', socket);
    });
  });
  const port = await listening(listener);

  const ticketFor = (index: number) => ({
    id: `t${index}`,
    ticket: keyOf(index).ticket,
    expires_at: new Date(Date.now() + lifetimeSeconds * 1000).toISOString(),
    connection: 'staging',
    protocol: 'aws',
    endpoint: { host: '127.0.0.1', port, databases: [], ca_certificate: authority.certificate },
    aws: { ...keyOf(index), ticket: undefined, region: 'eu-west-1' },
  });
  const controlPlane = createHttpServer((request, response) => {
    void read(request).then((body) => {
      const allowed = problem === undefined && request.headers.authorization === 'Bearer canary-login';
      if (allowed) asked.push(JSON.parse(body.toString()) as Record<string, unknown>);
      response.writeHead(allowed ? 201 : 403, { 'content-type': 'application/json' });
      response.end(JSON.stringify(allowed ? ticketFor(asked.length - 1) : (problem ?? { code: 'UNAUTHENTICATED' })));
    });
  });
  const url = `http://127.0.0.1:${await listening(controlPlane)}`;

  return {
    url,
    endpoint: `https://127.0.0.1:${port}`,
    calls,
    tunnels,
    asked,
    wire: () => arrived,
    refuse: (given) => {
      problem = given;
    },
    reset: () => {
      for (const list of [calls, tunnels, asked]) list.length = 0;
      arrived = '';
      problem = undefined;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      controlPlane.closeAllConnections();
      await Promise.all([listener, controlPlane].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
};
