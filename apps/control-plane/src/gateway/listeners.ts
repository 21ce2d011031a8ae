import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayError, type ProtocolName } from '@sallyport/core';
import type { ClientSide, Lobby } from '@sallyport/engine';
import { protocols } from '@sallyport/protocols';
import { type Address, ClientKeys, Configuration, Drain, Endpoints, Log, Metrics } from '../platform/index.js';
import { Admission } from './admission.js';
import { isAnswered } from './answered-names.js';
import { CancelKeys } from './cancellations.js';
import { ListenerCertificate } from './listener-certificate.js';
import { LiveSessions } from './live-sessions.js';
import { SingleUses } from './single-uses.js';

const limits = { startupBytes: 16 * 1024, startupMs: 30_000 };
/** Connections of one listener, admitted or not: beyond it the operating system's queue waits. */
const mostConnections = 10_000;

/** Where clients connect: one listener for each protocol that has an address. */
@Injectable()
export class Listeners implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly configuration: Configuration,
    private readonly admission: Admission,
    private readonly sessions: LiveSessions,
    private readonly cancelKeys: CancelKeys,
    private readonly certificate: ListenerCertificate,
    private readonly endpoints: Endpoints,
    private readonly drain: Drain,
    private readonly log: Log,
    private readonly clientKeys: ClientKeys,
    private readonly singleUses: SingleUses,
    metrics: Metrics,
  ) {
    metrics.gauge(
      { name: 'sallyport_client_connections', help: 'Open connections of clients, admitted or not' },
      () => this.sockets.size,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const addresses: Partial<Record<ProtocolName, Address>> = {
      postgres: this.configuration.postgres,
      aws: this.configuration.aws,
      anthropic: this.configuration.anthropic,
      openai: this.configuration.openai,
    };
    for (const protocol of protocols) {
      const address = addresses[protocol.name];
      if (address !== undefined) await this.listen(await protocol.clientSide(), address);
    }
    this.drain.register('sessions', () => this.finish());
  }

  async onApplicationShutdown(): Promise<void> {
    for (const server of this.servers) server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private async listen(side: ClientSide, address: Address): Promise<void> {
    const caCertificate = await this.certificate.prepare();
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.serve(side, socket));
    server.maxConnections = mostConnections;
    await bind(server, side.name, address);
    this.servers.push(server);
    const { port } = server.address() as AddressInfo;
    this.endpoints.register(side.name, { host: this.configuration.publicHost, port, caCertificate });
    this.log.info('listener.started', { protocol: side.name, port });
  }

  private lobbyOf({ name }: ClientSide): Lobby {
    return {
      tls: this.certificate.current(),
      contextFor: (serverName) => this.certificate.contextFor(serverName),
      answersTo: (host) => isAnswered(host.toLowerCase(), this.configuration.publicHost),
      publicHost: this.configuration.publicHost,
      derive: (purpose, text) => this.clientKeys.derive(purpose, text),
      admit: (claim) => this.admission.admit(name, claim),
      limits,
      once: (use) => this.singleUses.once(use),
      cancellations: this.cancelKeys,
      log: (event, details) => this.log.warn(event, details),
    };
  }

  private serve(side: ClientSide, socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    side.serve(socket, this.lobbyOf(side)).catch((error: unknown) => {
      this.log.error('client.failed', { protocol: side.name, error });
      socket.destroy();
    });
  }

  /** New clients go elsewhere at once; sessions get half of the drain's time, then they are told and ended. */
  private async finish(): Promise<void> {
    for (const server of this.servers) server.close();
    const patience = setTimeout(
      () => this.sessions.endAll('SHUTTING_DOWN', 'this control plane is shutting down'),
      this.configuration.drainMs / 2,
    );
    await this.sessions.gone();
    clearTimeout(patience);
  }
}

const bind = (server: Server, protocol: string, { host, port }: Address): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'another process is using it' : (cause.code ?? cause.message);
      reject(
        new GatewayError('CONFLICT', `the ${protocol} listener cannot use ${host}:${port}: ${reason}`, {
          cause,
          hint: `set SALLYPORT_${protocol.toUpperCase()}_ADDRESS to a free port`,
        }),
      );
    });
    server.listen(port, host, () => resolve());
  });
