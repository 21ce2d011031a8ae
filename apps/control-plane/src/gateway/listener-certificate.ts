import { createSecureContext, type SecureContext } from 'node:tls';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CertificateAuthority } from '../modules/agents/certificate-authority.js';
import { Clock, Configuration, Log } from '../platform/index.js';

const lifetimeMs = 30 * 24 * 3_600_000;
const checkMs = 3_600_000;

/** What clients see when they connect: a certificate of the built-in authority, renewed by itself. */
@Injectable()
export class ListenerCertificate implements OnApplicationShutdown {
  private context: SecureContext | undefined;
  private renewAt = 0;
  private timer: NodeJS.Timeout | undefined;

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

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async renewWhenDue(): Promise<void> {
    if (this.clock.now().getTime() < this.renewAt) return;
    await this.renew().catch((error: unknown) => this.log.error('listener.certificate-not-renewed', { error }));
  }

  private async renew(): Promise<void> {
    const names = [this.configuration.publicHost, 'localhost', '127.0.0.1', '::1'];
    const { certificate, privateKey, notAfter } = await this.authority.serverCertificate(names, lifetimeMs);
    this.context = createSecureContext({ cert: certificate, key: privateKey, minVersion: 'TLSv1.2' });
    const now = this.clock.now().getTime();
    this.renewAt = now + (notAfter.getTime() - now) * (2 / 3);
  }
}
