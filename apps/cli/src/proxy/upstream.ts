import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import { message, sslRequestCode, startupPacket } from './startup.js';

/** Where the gateway is, and the ticket for one connection to it. */
export interface Dial {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const deadlineMs = 30_000;
/** Larger than any message before AuthenticationOk. */
const longestMessage = 64 * 1024;

const fail = (text: string, cause?: unknown) =>
  new GatewayError('TARGET_UNREACHABLE', text, {
    cause,
    hint: 'check that the control plane runs and can be reached from here',
  });

/** One read of a stream that is otherwise paused: what comes after it stays in the stream. */
const read = (socket: Socket, size: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const attempt = () => {
      const bytes = socket.read(size) as Buffer | null;
      if (bytes?.length === size) settle(() => resolve(bytes));
    };
    const broken = (cause?: unknown) => settle(() => reject(fail('the gateway closed the connection', cause)));
    const settle = (finish: () => void) => {
      socket.off('readable', attempt).off('error', broken).off('end', broken).off('close', broken);
      finish();
    };
    socket.on('readable', attempt).once('error', broken).once('end', broken).once('close', broken);
    attempt();
  });

const opened = (socket: Socket, event: 'connect' | 'secureConnect', what: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const broken = (cause: Error) => reject(fail(what, cause));
    socket.once('error', broken).once(event, () => {
      socket.off('error', broken);
      resolve();
    });
  });

/** TLS to the gateway, its certificate checked against the CA that the API named: `sslmode=verify-full`. */
const openSecure = async (
  dial: Pick<Dial, 'host' | 'port' | 'ca'>,
  started: (socket: Socket) => void,
): Promise<TLSSocket> => {
  const socket = connect({ host: dial.host, port: dial.port, noDelay: true });
  started(socket);
  await opened(socket, 'connect', `the gateway at ${dial.host}:${dial.port} cannot be reached`);
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(sslRequestCode, 4);
  socket.write(request);
  // Exactly one byte: what somebody in between might have put behind it must not be taken for the gateway's words.
  const answer = await read(socket, 1);
  if (answer.toString('latin1') !== 'S' || socket.readableLength > 0) throw fail('the gateway does not offer TLS');
  const secure = connectTls({
    socket,
    ca: dial.ca,
    host: dial.host,
    servername: isIP(dial.host) ? '' : dial.host,
    minVersion: 'TLSv1.2',
  });
  started(secure);
  await opened(secure, 'secureConnect', 'the gateway’s certificate is not the one that the control plane named');
  return secure;
};

/** One message: type, and the message as it came. */
const nextMessage = async (socket: Socket): Promise<{ type: string; raw: Buffer }> => {
  const head = await read(socket, 5);
  const length = head.readInt32BE(1);
  if (length < 4 || length > longestMessage) throw fail('the gateway does not speak PostgreSQL');
  const body = length > 4 ? await read(socket, length - 4) : Buffer.alloc(0);
  return { type: head.toString('latin1', 0, 1), raw: Buffer.concat([head, body]) };
};

export interface LoggedIn {
  readonly socket: TLSSocket;
  /** What the local client has to see: up to AuthenticationOk, or the refusal. */
  readonly greeting: Buffer;
  readonly refused: boolean;
}

const within = async <T>(work: (started: (socket: Socket) => void) => Promise<T>, signal?: AbortSignal): Promise<T> => {
  const sockets: Socket[] = [];
  const drop = () => sockets.forEach((socket) => void socket.destroy());
  let timer: NodeJS.Timeout | undefined;
  signal?.addEventListener('abort', drop, { once: true });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new GatewayError('TIMED_OUT', 'the gateway did not answer in time', { hint: 'try again' })),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([work((socket) => sockets.push(socket)), late]);
  } catch (error) {
    drop();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', drop);
  }
};

/**
 * Logs in to the gateway with a ticket, with the local client's own settings but for user, password and database.
 * @param signal drops the attempt: its client went away
 */
export const logIn = (
  dial: Dial,
  version: number,
  parameters: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<LoggedIn> =>
  within(async (started) => {
    const socket = await openSecure(dial, started);
    socket.write(
      startupPacket(
        version,
        new Map([...parameters, ['user', dial.user], ['database', parameters.get('database') || dial.database]]),
      ),
    );
    const greeting: Buffer[] = [];
    for (;;) {
      const { type, raw } = await nextMessage(socket);
      if (type === 'R' && raw.readInt32BE(5) === 3)
        socket.write(message('p', Buffer.from(`${dial.password}\0`, 'utf8')));
      else if (type === 'R' && raw.readInt32BE(5) !== 0)
        throw fail(`the gateway asks for authentication of kind ${raw.readInt32BE(5)}`);
      else greeting.push(raw);
      if (type === 'E' || (type === 'R' && raw.readInt32BE(5) === 0))
        return { socket, greeting: Buffer.concat(greeting), refused: type === 'E' };
    }
  }, signal);

/** Hands a CancelRequest on as it is: the client's keys are the gateway's own. */
export const cancel = (dial: Pick<Dial, 'host' | 'port' | 'ca'>, packet: Buffer): Promise<void> =>
  within(async (started) => {
    const socket = await openSecure(dial, started);
    await new Promise<void>((resolve) => {
      socket.on('error', () => resolve()).once('close', () => resolve());
      socket.resume();
      socket.end(packet);
    });
  });
