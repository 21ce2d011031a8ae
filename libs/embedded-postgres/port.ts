import { connect, createServer } from 'node:net';
import { EmbeddedPostgresError } from './errors.js';

const host = '127.0.0.1';

const bind = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });

/** @returns a port of the loopback interface that was free a moment ago */
export const freePort = (): Promise<number> => bind(0);

export const portIsFree = (port: number): Promise<boolean> =>
  bind(port).then(
    () => true,
    () => false,
  );

/** @throws EmbeddedPostgresError PORT_IN_USE | NOT_PERMITTED */
export const requirePort = async (port: number): Promise<void> => {
  try {
    await bind(port);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const inUse = code === 'EADDRINUSE';
    throw new EmbeddedPostgresError(
      inUse ? 'PORT_IN_USE' : 'NOT_PERMITTED',
      inUse ? `port ${port} on ${host} is in use` : `port ${port} on ${host} cannot be used (${code})`,
      inUse
        ? `stop what listens there (ss -ltnp 'sport = :${port}' names it), or choose another port`
        : 'choose another port',
      cause,
    );
  }
};

// SSLRequest (PostgreSQL 18, 54.7): length 8, code 80877103. Any server of protocol 3 answers one byte, S or N.
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Whether a PostgreSQL server answers there, within `timeoutMs`; no password is needed to ask. */
export const answersAsPostgres = (port: number, timeoutMs = 2_000): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', (bytes: Buffer) => settle(bytes[0] === 0x4e || bytes[0] === 0x53));
  });
