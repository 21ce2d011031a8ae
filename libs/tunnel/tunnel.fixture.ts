import { randomUUID } from 'node:crypto';
import { type AgentId, GatewayError, type SessionId } from '@sallyport/core';
import { type Channel, type Frame, FrameKind, type SelfCheck } from '@sallyport/engine';
import {
  type AgentIdentity,
  AgentLink,
  type AgentLinkOptions,
  createAgentRequest,
  createAuthority,
  type HelloFacts,
  issueAgentCertificate,
  issueServerCertificate,
  type KeyPair,
  type OpenSession,
  TunnelServer,
  type TunnelServerOptions,
} from './index.js';

export interface World extends AsyncDisposable {
  readonly authority: KeyPair;
  readonly server: TunnelServer;
  readonly revoked: Set<AgentId>;
  readonly catalogues: { target: string; database: string; bytes: Uint8Array }[];
  readonly selfChecks: { target: string; database: string; check: SelfCheck }[];
  readonly serverLog: string[];
  readonly address: string;
  /** Enrols and starts an agent that serves `orders`; resolves once it is linked. */
  agent(options?: AgentSetup): Promise<Agent>;
  identity(id: AgentId, lifetimeMs?: number): Promise<AgentIdentity>;
  open(options?: { target?: string; timeoutMs?: number; session?: SessionId }): Promise<Channel>;
}

export interface AgentSetup extends Partial<AgentLinkOptions> {
  readonly id?: AgentId;
  readonly lifetimeMs?: number;
  /** Do not wait for the link. */
  readonly unlinked?: boolean;
}

export interface Agent {
  readonly id: AgentId;
  readonly link: AgentLink;
  readonly log: string[];
}

export const facts: HelloFacts = {
  agentVersion: '0.1.0',
  sqlVersion: '0.1.0',
  capabilities: [],
  targets: [{ alias: 'orders', protocol: 'postgres', databases: ['orders'] }],
  witnessKey: 'witness',
  witnessedCheckpoints: [],
};

export const bytes = (text: string): Buffer => Buffer.from(text);
export const frame = (kind: FrameKind, body: Uint8Array = bytes(''), exchange = 0): Frame => ({
  kind,
  exchange,
  head: bytes(''),
  body,
});
const line = (event: string, { error }: Readonly<Record<string, unknown>>): string =>
  `${event} ${error instanceof Error ? error.message : ''}`;
export const newSession = (): SessionId => randomUUID() as SessionId;

/** What hears the control plane's requests in an agent. */
export const insideOf = (link: AgentLink) =>
  (link as unknown as { current: { opened: (request: OpenSession) => void } }).current;

/** Answers each FORWARD with a DATA of the same body. */
export async function echo(channel: Channel): Promise<void> {
  for await (const { kind, body, exchange } of channel.frames) {
    if (kind === FrameKind.FORWARD && !channel.write(frame(FrameKind.DATA, body, exchange))) await channel.drained();
  }
}

export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 1_500) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function next(frames: AsyncIterable<Frame>): Promise<Frame | undefined> {
  const result = await frames[Symbol.asyncIterator]().next();
  return result.done === true ? undefined : result.value;
}

export async function tunnelWorld(
  options: Partial<TunnelServerOptions> & { agentLifetimeMs?: number } = {},
): Promise<World> {
  const authority = await createAuthority();
  const certificate = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const revoked = new Set<AgentId>();
  const catalogues: World['catalogues'] = [];
  const selfChecks: World['selfChecks'] = [];
  const serverLog: string[] = [];
  const agents: AgentLink[] = [];
  const server = new TunnelServer({
    address: '127.0.0.1:0',
    tls: { ca: authority.certificate, cert: certificate.certificate, key: certificate.privateKey },
    version: '0.1.0',
    log: (event, details) => serverLog.push(line(event, details)),
    heartbeatMs: 500,
    ...options,
    hooks: {
      authorize: async (agent) => {
        if (revoked.has(agent)) throw new GatewayError('FORBIDDEN', 'this agent was revoked');
      },
      hello: async () => undefined,
      catalogue: (_agent, target, database, { bytes }) => catalogues.push({ target, database, bytes }),
      selfCheck: (_agent, target, database, check) => selfChecks.push({ target, database, check }),
      renew: async (agent, csr) =>
        (await issueAgentCertificate(authority, csr, agent, { lifetimeMs: options.agentLifetimeMs ?? 3_600_000 }))
          .certificate,
      gone: () => undefined,
      ...options.hooks,
    },
  });
  await server.listen();
  const address = `127.0.0.1:${server.port}`;

  const identity = async (id: AgentId, lifetimeMs = 3_600_000): Promise<AgentIdentity> => {
    const { csr, privateKey } = await createAgentRequest();
    const issued = await issueAgentCertificate(authority, csr, id, { lifetimeMs });
    return { certificate: issued.certificate, privateKey, ca: authority.certificate };
  };

  return {
    authority,
    server,
    revoked,
    catalogues,
    selfChecks,
    serverLog,
    address,
    identity,
    async agent({ id = randomUUID() as AgentId, lifetimeMs, unlinked = false, ...setup } = {}) {
      const log: string[] = [];
      const link = new AgentLink({
        address,
        identity: await identity(id, lifetimeMs),
        hello: () => facts,
        admit: () => undefined,
        serve: echo,
        cosign: async ({ checkpoint }) => `cosigned ${checkpoint}`,
        keep: async () => undefined,
        log: (event, details) => log.push(line(event, details)),
        ...setup,
      });
      agents.push(link);
      link.start();
      if (!unlinked) await until(() => link.isConnected);
      return { id, link, log };
    },
    open: ({ target = 'orders', timeoutMs = 5_000, session = newSession() } = {}) =>
      server.open({ session, target, protocol: 'postgres', head: bytes('{"database":"orders"}') }, { timeoutMs }),
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((link) => link.stop(0)));
      server.close();
    },
  };
}
