import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A cable to a server on this machine that can be pulled out and put back: while it is out, nothing arrives and nothing
 * is refused, as when a network loses packets.
 */
export class Cable {
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #out = false;

  private constructor(
    private readonly server: Server,
    private readonly to: number,
  ) {
    server.on('connection', (near: Socket) => this.#join(near));
  }

  static async to(port: number): Promise<Cable> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Cable(server, port);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  pullOut(): void {
    this.#out = true;
    for (const pair of this.#pairs)
      for (const socket of pair) {
        socket.unpipe();
        socket.pause();
      }
  }

  putBack(): void {
    this.#out = false;
    for (const [near, far] of this.#pairs) near.pipe(far).pipe(near);
  }

  close(): void {
    this.server.close();
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(near: Socket): void {
    const far = connect(this.to, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    if (!this.#out) near.pipe(far).pipe(near);
    else for (const socket of pair) socket.pause();
  }
}
