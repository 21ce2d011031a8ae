import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Told {
  readonly path: string;
  readonly token: string | undefined;
  readonly body: Record<string, unknown>;
}

/** The part of the control plane that an AI client and the command line speak to. */
export interface ScriptedControlPlane extends AsyncDisposable {
  readonly url: string;
  readonly told: readonly Told[];
  /** What hooks are answered from now on, by event. */
  hookAnswers: Readonly<Record<string, object>>;
}

interface Listener {
  readonly port: number;
  readonly ca: string;
}

export const tickets = { model: `spt_${'m'.repeat(43)}`, shell: `spt_${'s'.repeat(43)}` } as const;
export const witness = `spw_${'w'.repeat(43)}`;

const ticket = (connection: string, protocol: string, secret: string, { port, ca }: Listener) => ({
  id: `id-${connection}`,
  ticket: secret,
  expires_at: new Date(Date.now() + 900_000).toISOString(),
  connection,
  protocol,
  endpoint: { host: '127.0.0.1', port, databases: protocol === 'postgres' ? ['shop'] : [], ca_certificate: ca },
});

/** @param protocol of the model's connection */
export const scriptedControlPlane = async (
  protocol: 'anthropic' | 'openai',
  model: Listener,
): Promise<ScriptedControlPlane> => {
  const told: Told[] = [];
  const plane: Pick<ScriptedControlPlane, 'hookAnswers'> = { hookAnswers: {} };
  const issued = () => ({
    assurance: 'bound',
    turn: 'p1',
    tool_call: 'toolu_scripted_1',
    ambiguous: false,
    tickets: [ticket('orders', 'postgres', tickets.shell, model)],
  });
  const hook = (body: Record<string, unknown>) => plane.hookAnswers[String(body['hook_event_name'])] ?? {};
  const answers: Readonly<Record<string, (body: Record<string, unknown>) => object>> = {
    'GET /v1/connections': () => ({ items: [{ name: 'model', protocol }] }),
    'POST /v1/tickets': () => ticket('model', protocol, tickets.model, model),
    'POST /v1/witness-tokens': () => ({ token: witness, expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
    'POST /v1/exec-tickets': issued,
    'POST /hooks/claude': hook,
    'POST /hooks/codex': hook,
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url!.split('?')[0]!;
      const isJson = request.headers['content-type']?.includes('json') ?? false;
      const text = Buffer.concat(chunks).toString();
      const body = isJson && text ? (JSON.parse(text) as Record<string, unknown>) : {};
      told.push({ path, token: request.headers.authorization?.replace('Bearer ', ''), body });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answers[`${request.method} ${path}`]?.(body) ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(plane, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
};
