import { Injectable } from '@nestjs/common';
import type { ProtocolName } from '@sallyport/core';

/** Where clients of one protocol find this gateway. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** PEM: what a client trusts to be sure that it speaks with this gateway. */
  readonly caCertificate?: string;
}

/** Filled by each listener once it listens; tickets tell clients. */
@Injectable()
export class Endpoints {
  private readonly known = new Map<ProtocolName, Endpoint>();

  register(protocol: ProtocolName, endpoint: Endpoint): void {
    this.known.set(protocol, endpoint);
  }

  find(protocol: ProtocolName): Endpoint | undefined {
    return this.known.get(protocol);
  }
}
