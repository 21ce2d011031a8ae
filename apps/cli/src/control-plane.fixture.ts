import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthority } from '@sallyport/tunnel';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: Record<string, unknown>;
}

export type Answer =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'silence';

/** A control plane that follows the contract, and answers what a test wants it to. */
export interface ScriptedControlPlane extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What it answers from now on; nothing for a request leaves it as it was, which is 404. */
  answer: (asked: Asked) => Answer | undefined;
}

/** The gateway's. */
export const authority = await createAuthority();
const { certificate } = authority;

/** What a test looks for where it must not be. */
export const canary = (name: string): string => `spt_${`canary-${name}-`.padEnd(43, 'x')}`;

/** As the control plane issues it. */
export const issuedTicket = (connection: string, protocol: string, over: object = {}) => ({
  id: `id-of-${connection}`,
  ticket: canary(connection),
  expires_at: new Date(Date.now() + 900_000).toISOString(),
  connection,
  protocol,
  endpoint: {
    host: '127.0.0.1',
    port: protocol === 'aws' ? 7443 : 7432,
    databases: protocol === 'postgres' ? ['shop', 'archive'] : [],
    ca_certificate: certificate,
  },
  ...(protocol === 'aws'
    ? {
        aws: {
          access_key_id: `SPKEY-${connection}`,
          secret_access_key: `canary-secret-${connection}`,
          region: 'eu-west-1',
        },
      }
    : {}),
  ...over,
});

export const issued = (tickets: readonly object[], over: object = {}) => ({
  status: 201,
  body: { assurance: 'bound', turn: 'p1', tool_call: 'toolu_1', ambiguous: false, tickets, ...over },
});

const read = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
};

export const scriptedControlPlane = async (): Promise<ScriptedControlPlane> => {
  const asked: Asked[] = [];
  const plane = { answer: (() => undefined) as ScriptedControlPlane['answer'] };
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const token = request.headers.authorization?.replace('Bearer ', '');
      const heard: Asked = { method: request.method!, path: request.url!, token, body };
      asked.push(heard);
      const answer = plane.answer(heard) ?? { status: 404, body: { code: 'NOT_FOUND', detail: 'no such route' } };
      if (answer === 'silence') return;
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(plane, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
};
