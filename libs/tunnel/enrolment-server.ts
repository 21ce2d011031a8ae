import { Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { type AgentId, GatewayError } from '@sallyport/core';
import type { EnrolRequest, EnrolResponse } from './messages.js';
import { RateLimit } from './rate-limit.js';
import { enrolmentService } from './service.js';
import { listen } from './serving.js';
import { statusOf } from './status.js';
import { EnrolmentCredentials, type ServerTls, serverOptions } from './transport.js';

export interface Enrolment {
  readonly keyId: string;
  readonly secret: string;
  readonly csr: string;
  readonly witnessKey: string;
  readonly version: string;
}

export interface EnrolmentServerOptions {
  readonly address: string;
  readonly tls: ServerTls;
  readonly hooks: {
    /** Consumes the key. Rejects with one and the same error whatever is wrong with it. */
    enrol(request: Enrolment): Promise<{ agentId: AgentId; certificate: string; ca: string; logKey: string }>;
  };
  readonly log: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly limits?: { readonly perCaller: number; readonly overall: number; readonly windowMs: number };
}

/** Exchanges one-time keys for certificates. Server TLS only, hence a port of its own. */
export class EnrolmentServer {
  private readonly server = new Server({
    ...serverOptions,
    'grpc.max_receive_message_length': 64 * 1024,
    'grpc.max_connection_age_ms': 60_000,
  });
  private readonly credentials: EnrolmentCredentials;
  private readonly rate: RateLimit;
  private boundPort = 0;

  constructor(private readonly options: EnrolmentServerOptions) {
    this.credentials = new EnrolmentCredentials(options.tls);
    this.rate = new RateLimit(options.limits ?? { perCaller: 30, overall: 120, windowMs: 60_000 });
    this.server.addService(enrolmentService, {
      enrol: (call: ServerUnaryCall<EnrolRequest, EnrolResponse>, answer: sendUnaryData<EnrolResponse>) =>
        void this.enrol(call, answer),
    });
  }

  async listen(): Promise<void> {
    this.boundPort = await listen(this.server, this.options.address, this.credentials);
  }

  get port(): number {
    return this.boundPort;
  }

  replaceCertificate(tls: ServerTls): void {
    this.credentials.replace(tls);
  }

  close(): void {
    this.server.forceShutdown();
  }

  private async enrol(
    call: ServerUnaryCall<EnrolRequest, EnrolResponse>,
    answer: sendUnaryData<EnrolResponse>,
  ): Promise<void> {
    const peer = call.getPeer();
    try {
      if (!this.rate.take(peer.replace(/:\d+$/, '')))
        throw new GatewayError('RATE_LIMITED', 'too many attempts to enrol', { hint: 'wait a minute' });
      const { keyId, secret, csr, witnessKey, agentVersion: version } = call.request;
      const { agentId, certificate, ca, logKey } = await this.options.hooks.enrol({
        keyId,
        secret,
        csr,
        witnessKey,
        version,
      });
      this.options.log('agent.enrolled', { agent: agentId, peer });
      answer(null, { agentId, certificate, caCertificate: ca, logKey });
    } catch (error) {
      this.options.log('agent.enrolment-refused', { peer, error });
      answer(statusOf(error));
    }
  }
}
