import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type AgentId, GatewayError, type ProtocolName } from '@sallyport/core';
import type { CatalogueSnapshot, Channel } from '@sallyport/engine';
import { parseCheckpointText, type WitnessState } from '@sallyport/evidence';
import {
  EnrolmentServer,
  type Hello,
  type OpenRequest,
  type ReachRequest,
  type ServerTls,
  TunnelServer,
} from '@sallyport/tunnel';
import { type Address, Configuration, Drain, Log, Metrics, Notifications } from '../../platform/index.js';
import { LogIdentity } from '../evidence/log-identity.js';
import { type ConnectedWitness, Witnessing } from '../evidence/witnessing.js';
import { AgentsService, linkBeatMs, revokedChannel } from './agents.service.js';
import { Catalogues } from './catalogues.js';
import { CertificateAuthority } from './certificate-authority.js';
import { EnrolmentKeys } from './enrolment-keys.js';
import { SelfChecks } from './self-checks.js';
import { version } from './version.js';

const certificateMs = 30 * 24 * 60 * 60 * 1000;
const certificateCheckMs = 60 * 60 * 1000;

/** Where agents dial in on this replica, and the way through them. */
@Injectable()
export class TunnelHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly catalogues = new Catalogues();
  /** As enrolled: not as the agent says now. */
  private readonly witnessKeys = new Map<AgentId, string>();
  private tunnel: TunnelServer | undefined;
  private enrolment: EnrolmentServer | undefined;
  private renewAt = 0;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly inBackground = new Set<Promise<void>>();

  constructor(
    private readonly configuration: Configuration,
    private readonly agents: AgentsService,
    private readonly keys: EnrolmentKeys,
    private readonly authority: CertificateAuthority,
    private readonly witnessing: Witnessing,
    private readonly logIdentity: LogIdentity,
    private readonly selfChecks: SelfChecks,
    private readonly drain: Drain,
    private readonly log: Log,
    notifications: Notifications,
    metrics: Metrics,
  ) {
    notifications.subscribe(
      revokedChannel,
      (payload) => this.putOut((payload as { readonly agent: AgentId }).agent),
      () => this.lookForRevoked(),
    );
    metrics.gauge(
      { name: 'sallyport_agents_connected', help: 'Agents that are linked to this replica' },
      () => this.linkedAgents().length,
    );
    metrics.gauge({ name: 'sallyport_tunnel_sessions', help: 'Sessions that run through agents of this replica' }, () =>
      (this.tunnel?.agents() ?? []).reduce((sum, { sessions }) => sum + sessions, 0),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const tls = await this.newCertificate();
    this.tunnel = this.tunnelServer(tls);
    this.enrolment = new EnrolmentServer({
      address: addressText(this.configuration.enrolment),
      tls,
      hooks: { enrol: (request) => this.keys.enrol(request) },
      log: (event, details) => this.log.info(event, details),
    });
    await this.tunnel.listen();
    await this.enrolment.listen();
    this.log.info('tunnel.started', { port: this.tunnelPort, enrolment_port: this.enrolmentPort });
    this.witnessing.useHost({
      witnesses: () => this.witnesses(),
      cosign: (agent, question) => this.running().cosign(agent, question),
    });
    this.every(linkBeatMs, () => this.agents.stillLinked(this.linkedAgents()));
    this.every(linkBeatMs, () => this.lookForRevoked());
    this.every(certificateCheckMs, () => this.renewCertificate());
    this.drain.register('tunnel', () => this.running().drain(this.configuration.drainMs));
  }

  /** While the database is still there: who leaves now is on record too. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.enrolment?.close();
    this.tunnel?.close();
    await Promise.all(this.inBackground);
  }

  /** Where agents dial; differs from the configuration where that says port 0. */
  get tunnelPort(): number {
    return this.tunnel?.port ?? 0;
  }

  get enrolmentPort(): number {
    return this.enrolment?.port ?? 0;
  }

  /** Agents linked to this replica that offer the target, the least loaded not necessarily first. */
  agentsServing(target: string, protocol: ProtocolName): AgentId[] {
    return this.tunnel?.agentsServing(target, protocol) ?? [];
  }

  /**
   * Opens a session through the least loaded agent of this replica; its OPEN frame has been written.
   * @throws GatewayError AGENT_OFFLINE, AGENT_LOST, TIMED_OUT, SHUTTING_DOWN, TARGET_UNKNOWN, or the signal's reason
   */
  open(request: OpenRequest, wait: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Channel> {
    return this.running().open(request, wait);
  }

  /** The same before anything is said to the target; see `opened`. */
  reach(request: ReachRequest, wait: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Channel> {
    return this.running().reach(request, wait);
  }

  catalogue(target: string, database: string): CatalogueSnapshot | undefined {
    return this.catalogues.find(target, database);
  }

  /** The agents linked to this replica, each with the witness key that it enrolled with. */
  witnesses(): ConnectedWitness[] {
    return this.linkedAgents().flatMap((agent) => {
      const key = this.witnessKeys.get(agent);
      return key === undefined ? [] : [{ agent, key }];
    });
  }

  private tunnelServer(tls: ServerTls): TunnelServer {
    return new TunnelServer({
      address: addressText(this.configuration.tunnel),
      tls,
      version,
      log: (event, details) => this.log.info(event, details),
      hooks: {
        authorize: (agent, serial) => this.agents.authorize(agent, serial),
        hello: (agent, hello) => this.hello(agent, hello),
        catalogue: (agent, target, database, snapshot) => this.catalogues.keep(agent, target, database, snapshot),
        selfCheck: (agent, target, database, check) =>
          this.background('agent.self-check-unkept', this.selfChecks.received({ agent, target, database, check })),
        renew: (agent, csr) => this.agents.renew(agent, csr),
        gone: (agent) => this.background('agent.departure-unrecorded', this.agents.gone(agent)),
      },
    });
  }

  private async hello(id: AgentId, hello: Hello): Promise<void> {
    if (hello.sqlVersion !== version) {
      throw new GatewayError(
        'AGENT_INCOMPATIBLE',
        `the agent describes SQL by version "${hello.sqlVersion.slice(0, 40)}", the control plane by "${version}"`,
        {
          hint: 'run the agent and the control plane of one release',
        },
      );
    }
    const agent = await this.agents.linked(id, hello);
    this.witnessKeys.set(id, agent.witness_key);
    // An alarm closes the house for sessions; the agent stays, or nobody could look at what it has seen.
    await this.witnessing
      .hello(id, await this.witnessedState(hello))
      .catch((error: unknown) => this.log.error('witness.alarmed', { agent: id, error }));
  }

  /** Of the checkpoints that the agent has vouched for, that of the log which is being written. */
  private async witnessedState({ witnessedCheckpoints }: Hello): Promise<WitnessState | undefined> {
    const { origin } = await this.logIdentity.logKeys();
    return witnessedCheckpoints
      .slice(0, 100)
      .map(parseCheckpointText)
      .filter((checkpoint) => checkpoint.origin === origin)
      .map(({ size, root }) => ({ origin, size, root: Buffer.from(root).toString('base64') }))[0];
  }

  private putOut(agent: AgentId): void {
    this.catalogues.forget(agent);
    this.witnessKeys.delete(agent);
    this.tunnel?.disconnect(agent, 'an administrator has revoked it');
  }

  /** For when a notification was lost. */
  private async lookForRevoked(): Promise<void> {
    const linked = this.linkedAgents();
    if (linked.length === 0) return;
    for (const agent of await this.agents.revokedAmong(linked)) this.putOut(agent);
  }

  private linkedAgents(): AgentId[] {
    return (this.tunnel?.agents() ?? []).map(({ id }) => id);
  }

  private async newCertificate(): Promise<ServerTls> {
    const { publicHost, tunnel } = this.configuration;
    const names = [publicHost, tunnel.host, 'localhost', '127.0.0.1', '::1'].filter(
      (name) => name !== '0.0.0.0' && name !== '::',
    );
    const { certificate, privateKey, authority, notAfter } = await this.authority.serverCertificate(
      names,
      certificateMs,
    );
    const now = Date.now();
    this.renewAt = now + (notAfter.getTime() - now) * (2 / 3);
    return { ca: authority, cert: certificate, key: privateKey };
  }

  private async renewCertificate(): Promise<void> {
    if (Date.now() < this.renewAt) return;
    const tls = await this.newCertificate();
    this.tunnel?.replaceCertificate(tls);
    this.enrolment?.replaceCertificate(tls);
    this.log.info('tunnel.certificate-renewed', {});
  }

  private every(ms: number, work: () => Promise<void>): void {
    const timer = setInterval(() => this.background('tunnel.upkeep-failed', work()), ms);
    timer.unref();
    this.timers.push(timer);
  }

  private background(failure: string, work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.log.warn(failure, { error }))
      .finally(() => this.inBackground.delete(done));
    this.inBackground.add(done);
  }

  private running(): TunnelServer {
    if (this.tunnel !== undefined) return this.tunnel;
    throw new GatewayError('AGENT_OFFLINE', 'the tunnel has not been started');
  }
}

const addressText = ({ host, port }: Address): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
