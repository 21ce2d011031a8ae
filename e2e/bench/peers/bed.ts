import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Installation } from '../../testing/installation.js';
import { needsNoTarget, type Options } from '../options.js';
import { startBareTunnel } from './bare-tunnel.js';
import { type Certificates, makeCertificates } from './certificates.js';
import { settle, targetSql } from './data.js';
import { directPeers } from './direct.js';
import { gatewayPeers, maskingRules } from './gateway.js';
import { startHaproxy } from './haproxy.js';
import type { Peer } from './peer.js';
import { startPgbouncer } from './pgbouncer.js';
import type { Service } from './service.js';
import { speakTls, storeSettings, targetSettings } from './target.js';

const profilerFor = (folder: string): string =>
  Object.assign(new URL('./profiler.js', import.meta.url), { search: new URLSearchParams({ folder }) }).href;

/** Everything that a run stands on. */
export class Bed {
  readonly folder: string;
  readonly running: Service[] = [];
  /** Those that are measured. */
  peers: readonly Peer[] = [];
  gateway!: Peer;
  installation!: Installation;
  certificates!: Certificates;
  #stopping: Promise<void> | undefined;

  /** @param profiles where the product's processes leave their CPU profiles */
  private constructor(readonly profiles: string) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'sallyport-bench-'));
    chmodSync(this.folder, 0o755); // PgBouncer runs as somebody else
    mkdirSync(profiles);
  }

  static async make(options: Options, profiles: string, say: (line: string) => void): Promise<Bed> {
    const bed = new Bed(profiles);
    try {
      await bed.#make(options, say);
      return bed;
    } catch (error) {
      await bed.stop();
      throw error;
    }
  }

  async #make(options: Options, say: (line: string) => void): Promise<void> {
    const withoutTarget = options.parts.every(needsNoTarget);
    say(`starting ${withoutTarget ? '' : 'and filling the target, '}store, control plane and agent`);
    this.certificates = await makeCertificates(this.folder);
    this.installation = await Installation.start({
      ...(withoutTarget ? {} : { targetSql: targetSql(options) }),
      targetSettings,
      storeSettings,
      durableStore: true, // as in production: strict recording is worth nothing on one that does not wait
      agentMasking: maskingRules,
      maxSessions: 1000,
      environment: { SALLYPORT_TICKET_SESSIONS: '1000' },
      nodeOptions: () => ['--import', profilerFor(this.profiles)],
    });
    if (withoutTarget) return;
    await speakTls(this.installation, this.certificates);
    await settle(this.installation);
    say('starting the peers');
    const gateways = await gatewayPeers(this.installation);
    this.gateway = gateways[0]!;
    const peers = [
      ...directPeers(this),
      await startPgbouncer(this),
      await startHaproxy(this),
      await startBareTunnel(this),
      ...gateways,
    ];
    this.peers = peers.filter((peer) => peer !== undefined).filter(({ name }) => options.peers?.includes(name) ?? true);
  }

  /** What others are compared with: always there, whatever was chosen to be measured. */
  get reference(): Peer {
    return directPeers(this)[0]!;
  }

  peer(name: string): Peer | undefined {
    return this.peers.find((peer) => peer.name === name);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all(this.running.map((service) => service.stop()));
    await this.installation?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
