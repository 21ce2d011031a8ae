import { createServer, type Server } from 'node:http';
import { GatewayError } from '@sallyport/core';
import { splitAddress } from '@sallyport/tunnel';

export interface HealthView {
  readonly linked: boolean;
  readonly stopping: boolean;
  readonly sessions: number;
}

/** `/healthz`: the process lives. `/readyz`: it is linked to a control plane. */
export class HealthEndpoint {
  private readonly server: Server;

  constructor(
    private readonly address: string,
    view: () => HealthView,
  ) {
    this.server = createServer((request, response) => {
      const now = view();
      const status =
        request.url === '/healthz' ? 200 : request.url !== '/readyz' ? 404 : now.linked && !now.stopping ? 200 : 503;
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(status === 404 ? '{}' : JSON.stringify(now));
    });
    this.server.requestTimeout = 5_000;
    this.server.maxConnections = 32;
  }

  listen(): Promise<void> {
    const { host, port } = splitAddress(this.address);
    return new Promise((resolve, reject) => {
      this.server.once('error', (cause) =>
        reject(
          new GatewayError('CONFLICT', `cannot listen on health_address "${this.address}"`, {
            cause,
            hint: 'is another agent running here?',
          }),
        ),
      );
      this.server.listen(port, host, resolve);
    });
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
