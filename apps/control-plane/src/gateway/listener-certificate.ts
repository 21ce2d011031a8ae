import { createSecureContext, type SecureContext } from 'node:tls';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CertificateAuthority } from '../modules/agents/certificate-authority.js';
import { Clock, Configuration, Log } from '../platform/index.js';
import { isAnswered } from './answered-names.js';

const lifetimeMs = 30 * 24 * 3_600_000;
const checkMs = 3_600_000;
/** Names beyond our own (buckets, AWS hosts): the least recently used goes first. */
const mostNames = 500;

interface Named {
  readonly context: Promise<SecureContext>;
  readonly renewAt: number;
}

/** What clients see when they connect: a certificate of the built-in authority, renewed by itself. */
@Injectable()
export class ListenerCertificate implements OnApplicationShutdown {
  private context: SecureContext | undefined;
  private renewAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly named = new Map<string, Named>();

  constructor(
    private readonly configuration: Configuration,
    private readonly authority: CertificateAuthority,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Before the first client. @returns the authority's certificate, which clients trust; PEM */
  async prepare(): Promise<string> {
    await this.renew();
    this.timer ??= setInterval(() => void this.renewWhenDue(), checkMs).unref();
    return this.authority.certificate();
  }

  /** For connections that are accepted from now on. */
  current(): SecureContext {
    if (this.context === undefined) throw new Error('the certificate has not been prepared');
    return this.context;
  }

  /** For a client that asked for this name: one below ours (a bucket) or a name of AWS; for any other our own, which will not fit. */
  async contextFor(name: string): Promise<SecureContext> {
    const host = name.toLowerCase();
    if (!isAnswered(host, this.configuration.publicHost)) return this.current();
    const known = this.named.get(host);
    this.named.delete(host);
    const named = known !== undefined && known.renewAt > this.clock.now().getTime() ? known : this.issue(host);
    this.named.set(host, named);
    for (const oldest of this.named.keys()) {
      if (this.named.size <= mostNames) break;
      this.named.delete(oldest);
    }
    return named.context;
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private issue(host: string): Named {
    const context = this.contextOf([host]).then(({ context: issued }) => issued);
    context.catch(() => this.named.delete(host)); // the next client tries again
    return { context, renewAt: this.clock.now().getTime() + lifetimeMs / 2 };
  }

  private async renewWhenDue(): Promise<void> {
    if (this.clock.now().getTime() < this.renewAt) return;
    await this.renew().catch((error: unknown) => this.log.error('listener.certificate-not-renewed', { error }));
  }

  private async renew(): Promise<void> {
    const { publicHost } = this.configuration;
    const { context, notAfter } = await this.contextOf([publicHost, 'localhost', '127.0.0.1', '::1']);
    this.context = context;
    const now = this.clock.now().getTime();
    this.renewAt = now + (notAfter.getTime() - now) * (2 / 3);
  }

  private async contextOf(names: readonly string[]): Promise<{ context: SecureContext; notAfter: Date }> {
    const { certificate, privateKey, notAfter } = await this.authority.serverCertificate(names, lifetimeMs);
    return { context: createSecureContext({ cert: certificate, key: privateKey, minVersion: 'TLSv1.2' }), notAfter };
  }
}
