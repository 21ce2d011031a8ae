import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Api } from '../api.js';
import { Credentials } from '../credentials.js';
import { pathOf } from '../options.js';
import { newTicket, type Ticket } from '../ticket.js';
import { type Finding, missing, ok, warning } from './finding.js';

const patienceMs = 5_000;
// What tickets and tokens of fifteen minutes bear without trouble.
const skewMs = 60_000;

/** Codes by which Node says that it does not know who signed a certificate. */
const untrusted = /^(SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO|CERT_|ERR_TLS_)/;

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'no answer';
};

/** Whether it is there, is trusted, and has the same time. @param nowMs the time here */
export const reachable = async (url: string, nowMs: () => number): Promise<readonly Finding[]> => {
  const sent = nowMs();
  try {
    const response = await fetch(`${url}/v1/auth/config`, {
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    });
    await response.body?.cancel();
    if (!response.ok)
      return [
        missing(
          'control plane',
          `${url} answers ${response.status}`,
          'check the address: sallyport login --url https://…',
        ),
      ];
    return [ok('control plane', `${url} answers`), clock(response.headers.get('date'), (sent + nowMs()) / 2)];
  } catch (error) {
    const code = causeOf(error);
    if (untrusted.test(code))
      return [
        missing(
          'control plane',
          `${url} shows a certificate that this machine does not trust (${code})`,
          'export NODE_EXTRA_CA_CERTS=/path/to/your/ca.pem',
        ),
      ];
    return [
      missing(
        'control plane',
        `${url} cannot be reached (${code})`,
        'check the network and the address: sallyport login --url https://…',
      ),
    ];
  }
};

const clock = (date: string | null, nowMs: number): Finding => {
  const there = Date.parse(date ?? '');
  if (Number.isNaN(there))
    return warning('clock', 'the control plane does not tell its time', 'ask an administrator what stands before it');
  const seconds = Math.round((nowMs - there) / 1000);
  if (Math.abs(seconds) * 1000 <= skewMs) return ok('clock', 'has the control plane’s time');
  return missing(
    'clock',
    `is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the control plane’s`,
    'set the clock: timedatectl set-ntp true',
  );
};

export const loggedIn = async (api: Api, env: NodeJS.ProcessEnv): Promise<Finding> => {
  const me = await api.get<{ name?: string }>('/v1/whoami');
  const who = `you are ${me.name ?? 'known'} at ${api.url}`;
  if (env['SALLYPORT_TOKEN']) return ok('login', `${who}, by SALLYPORT_TOKEN`);
  const login = new Credentials(env).of(api.url);
  const until = login && new Date(login.expires_at).toISOString();
  return ok('login', login?.refresh_token ? `${who}; it renews itself, next at ${until}` : `${who} until ${until}`);
};

interface Connection {
  readonly name: string;
  readonly protocol: string;
}

const answers = ({ endpoint: { host, port, ca_certificate: ca }, protocol }: Ticket): Promise<void> =>
  new Promise((resolve, reject) => {
    // PostgreSQL settles TLS in words of its own; there the port alone is tried.
    const socket =
      protocol === 'postgres'
        ? connectTcp({ host, port })
        : connectTls({ host, port, ca, ...(isAddress(host) ? {} : { servername: host }) });
    const settle = (finish: () => void) => {
      socket.destroy();
      finish();
    };
    socket.setTimeout(patienceMs, () => settle(() => reject(new Error('no answer'))));
    socket.once('error', (error: Error) => settle(() => reject(error)));
    socket.once(protocol === 'postgres' ? 'connect' : 'secureConnect', () => settle(resolve));
  });

const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

const usable = async (api: Api, { name, protocol }: Connection): Promise<Finding> => {
  const check = `connection ${name}`;
  const ticket = await newTicket(api, name);
  await api.send('DELETE', pathOf('/v1/tickets', ticket.id));
  const { host, port } = ticket.endpoint;
  try {
    await answers(ticket);
    return ok(check, `${protocol}, at ${host}:${port}`);
  } catch (error) {
    return missing(
      check,
      `the gateway at ${host}:${port} cannot be reached from here (${causeOf(error)})`,
      'check the network between this machine and the gateway',
    );
  }
};

const most = 20;

/** Each connection that the person may use: a ticket is had, and the gateway's listener tried by its own certificate. */
export const connections = async (api: Api): Promise<readonly Finding[]> => {
  const all = await api.all<Connection>('/v1/connections', {}, most);
  if (all.length === 0)
    return [missing('connections', 'you have none', 'ask an administrator: sallyport connections create')];
  return Promise.all(
    all.map((connection) =>
      usable(api, connection).catch((error: unknown) =>
        missing(
          `connection ${connection.name}`,
          error instanceof Error ? error.message : String(error),
          `sallyport connections show ${connection.name}`,
        ),
      ),
    ),
  );
};
