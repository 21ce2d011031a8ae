/** From nothing to a logged-in connection to the target: TCP, TLS, authentication. Runs in the agent, with its credential. */
import { createHash } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { GatewayError } from '@sallyport/core';
import type { Credential } from '@sallyport/engine';
import { parseReport, sqlStateOf } from './backend.js';
import { scramClient } from './scram.js';
import type { TargetSettings } from './settings.js';
import { sslRequestCode } from './startup.js';
import { cstring, Fields, int32, type Message, MessageReader, message, typeOf } from './wire.js';

export interface Dial {
  readonly host: string;
  readonly port: number;
  readonly tls: TargetSettings['tls'];
  readonly credential: Credential;
  readonly database: string;
  readonly settings: readonly (readonly [string, string])[];
  readonly timeoutMs: number;
}

export interface LoggedIn {
  readonly socket: Duplex;
  /** Holds what the target sent behind its first ReadyForQuery. */
  readonly reader: MessageReader;
  readonly parameters: readonly (readonly [string, string])[];
  readonly backend: { readonly pid: number; readonly secret: Buffer };
  /** A password was asked for; else the server took a certificate, or nothing at all. */
  readonly byPassword: boolean;
}

/**
 * @throws GatewayError TARGET_UNREACHABLE, TARGET_REFUSED_CREDENTIAL or TIMED_OUT; no message names host, user or password
 */
export async function login(dial: Dial): Promise<LoggedIn> {
  const sockets: Duplex[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new GatewayError('TARGET_UNREACHABLE', `the target did not answer within ${dial.timeoutMs} ms`)),
      dial.timeoutMs,
    );
  });
  try {
    return await Promise.race([dialAndLogIn(dial, sockets), late]);
  } catch (cause) {
    for (const socket of sockets) socket.destroy();
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('TARGET_UNREACHABLE', 'the target cannot be reached', {
      cause,
      hint: 'an administrator finds the reason in the agent’s log',
    });
  } finally {
    clearTimeout(timer);
  }
}

async function dialAndLogIn(dial: Dial, sockets: Duplex[]): Promise<LoggedIn> {
  const plain = await dialTcp(dial);
  sockets.push(plain);
  const socket = dial.tls.mode === 'disable' ? plain : await secure(plain, dial);
  sockets.push(socket);
  const conversation = new LoginConversation(socket);
  socket.write(startupMessage(dial));
  return authenticate(conversation, dial);
}

const dialTcp = ({ host, port }: Dial): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, noDelay: true, keepAlive: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });

/** SSLRequest and the answer of one byte. https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL */
async function secure(socket: Socket, { host, tls, credential }: Dial): Promise<Duplex> {
  socket.write(Buffer.concat([int32(8), int32(sslRequestCode)]));
  const answer = await firstByte(socket);
  if (answer !== 'S')
    throw new GatewayError('TARGET_UNREACHABLE', 'the target does not offer TLS, which its settings ask for');
  return new Promise((resolve, reject) => {
    const encrypted = connectTls({ socket, ...tlsOptions(host, tls), ...(credential.clientCertificate ?? {}) });
    encrypted.once('error', reject);
    encrypted.once('secureConnect', () => {
      encrypted.off('error', reject);
      encrypted.on('error', () => encrypted.destroy());
      resolve(encrypted);
    });
  });
}

function tlsOptions(host: string, { mode, ca, serverName = host }: TargetSettings['tls']): ConnectionOptions {
  const isName = !/^[\d.]+$|:/.test(serverName);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(isName ? { servername: serverName } : { host: serverName }),
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

const firstByte = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the target hung up')));
    socket.once('readable', function read() {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) socket.once('readable', read);
      else resolve(byte.toString('latin1'));
    });
  });

function startupMessage({ credential, database, settings }: Dial): Buffer {
  const parameters = [
    'user',
    credential.user,
    'database',
    database,
    ...settings.flat(),
    'client_encoding',
    'UTF8',
    'standard_conforming_strings',
    'on',
  ];
  const body = Buffer.concat([int32(196608), ...parameters.map(cstring), Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** Reads one message at a time until the log-in is over. */
class LoginConversation {
  readonly reader = new MessageReader();
  #wake: () => void = () => undefined;
  #closed = false;
  readonly #onData = (chunk: Buffer) => {
    this.reader.push(chunk);
    this.#wake();
  };
  readonly #onClose = () => {
    this.#closed = true;
    this.#wake();
  };

  constructor(readonly socket: Duplex) {
    socket.on('data', this.#onData);
    socket.on('close', this.#onClose);
  }

  get encrypted(): boolean {
    return this.socket instanceof TLSSocket;
  }

  async next(): Promise<Message> {
    for (;;) {
      const next = this.reader.next();
      if (next !== undefined) return next;
      if (this.#closed) throw new Error('the target hung up during the log-in');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  release(): void {
    this.socket.pause();
    this.socket.off('data', this.#onData);
    this.socket.off('close', this.#onClose);
  }
}

/** A log-in takes some dozens of messages. */
const answerLimit = 1_000;

async function authenticate(conversation: LoginConversation, dial: Dial): Promise<LoggedIn> {
  const parameters: [string, string][] = [];
  let backend: LoggedIn['backend'] = { pid: 0, secret: Buffer.alloc(0) };
  let byPassword = false;
  for (let answers = 0; ; answers += 1) {
    const received = await conversation.next();
    if (answers >= answerLimit) throw refused('the target says too much at the log-in');
    const fields = new Fields(received.body);
    switch (String.fromCharCode(received.type)) {
      case 'R':
        byPassword = (await answer(conversation, fields, dial)) || byPassword;
        break;
      case 'S':
        parameters.push([fields.cstring(), fields.cstring()]);
        break;
      case 'K':
        backend = { pid: fields.int32(), secret: fields.bytes(fields.left) };
        break;
      case 'E':
        throw refusedBy(received);
      case 'Z':
        conversation.release();
        return { socket: conversation.socket, reader: conversation.reader, parameters, backend, byPassword };
      default: // notices and version negotiation say nothing that matters here
    }
  }
}

/** Authentication requests (message formats, AuthenticationOk and following). @returns whether it was for a password */
async function answer(conversation: LoginConversation, fields: Fields, { credential }: Dial): Promise<boolean> {
  const { socket } = conversation;
  const kind = fields.int32();
  switch (kind) {
    case 0:
      return false;
    case 3:
      if (!conversation.encrypted) throw refused('the target asks for a cleartext password without TLS');
      socket.write(message('p', cstring(passwordOf(credential))));
      return true;
    case 5:
      socket.write(message('p', cstring(md5Password(credential, fields.bytes(4)))));
      return true;
    case 10:
      await scram(conversation, fields, passwordOf(credential));
      return true;
    default:
      throw refused(`the target asks for authentication of kind ${kind}, which is not supported`);
  }
}

const md5 = (...parts: (string | Buffer)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest('hex');
const md5Password = (credential: Credential, salt: Buffer): string =>
  `md5${md5(md5(passwordOf(credential), credential.user), salt)}`;

/** SASL exchange (protocol-flow, SASL Authentication). */
async function scram(conversation: LoginConversation, fields: Fields, password: string): Promise<void> {
  const mechanisms: string[] = [];
  for (let name = fields.cstring(); name !== ''; name = fields.cstring()) mechanisms.push(name);
  if (!mechanisms.includes('SCRAM-SHA-256')) throw refused(`the target offers only ${mechanisms.join(', ')}`);

  const client = scramClient(password);
  const first = Buffer.from(client.first, 'utf8');
  conversation.socket.write(message('p', cstring('SCRAM-SHA-256'), int32(first.length), first));
  const serverFirst = await saslData(conversation, 11);
  conversation.socket.write(message('p', Buffer.from(await client.answer(serverFirst), 'utf8')));
  client.verify(await saslData(conversation, 12));
}

async function saslData(conversation: LoginConversation, expected: 11 | 12): Promise<string> {
  const received = await conversation.next();
  if (received.type === typeOf('E')) throw refusedBy(received);
  const fields = new Fields(received.body);
  if (received.type !== typeOf('R') || fields.int32() !== expected)
    throw refused('the target broke off the SCRAM exchange');
  return fields.bytes(fields.left).toString('utf8');
}

function passwordOf({ password }: Credential): string {
  if (password === undefined) throw refused('the target asks for a password and the credential has none');
  return password;
}

function refusedBy(received: Message): GatewayError {
  const state = sqlStateOf(parseReport(received));
  const details = { sqlState: state };
  if (state.startsWith('28')) return refused('the target refused the agent’s credential', details);
  if (state === '3D000')
    return new GatewayError('DATABASE_NOT_ALLOWED', 'the target has no such database', { details });
  return new GatewayError('TARGET_UNREACHABLE', `the target refused the connection (SQLSTATE ${state})`, { details });
}

const refused = (text: string, details: Record<string, unknown> = {}): GatewayError =>
  new GatewayError('TARGET_REFUSED_CREDENTIAL', text, {
    details,
    hint: 'an administrator must look at the agent’s credential for this target',
  });
