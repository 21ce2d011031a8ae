/**
 * PostgreSQL to the client: a server of protocol 3.
 * The ticket is the password, `user` names the connection, `database` one that the connection allows.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type Digest, GatewayError, type Operation, refusalOf } from '@sallyport/core';
import type { ClientSide, Exchange, Lobby, SessionHandle } from '@sallyport/engine';
import { loadParser } from '@sallyport/sql';
import { authentication, backendKeyData, parameterStatus, readyForQuery } from './backend.js';
import { Conversation } from './conversation.js';
import { createSqlDescriber, type SqlDescriber } from './describe.js';
import { cancelKey, type Door, greet, turnAway } from './greeting.js';
import { harden } from './harden.js';
import { nameSetting } from './owned-settings.js';
import { noticeMessage, refusalMessage } from './refuse.js';
import type { StartupRequest } from './startup.js';
import { readChunk } from './stream.js';
import { Fields, isPasswordMessage, MessageReader, violation } from './wire.js';

type Client = Parameters<ClientSide['serve']>[0];

export async function createPostgresClientSide(): Promise<ClientSide> {
  await loadParser();
  const describer = createSqlDescriber();
  return { name: 'postgres', harden, serve: (client, lobby) => serve(client, lobby, describer) };
}

async function serve(client: Client, lobby: Lobby, describer: SqlDescriber): Promise<void> {
  client.on('error', () => client.destroy());
  const door: Door = { socket: client };
  const deadline = setTimeout(() => turnAway(door.socket, slow), lobby.limits.startupMs);
  try {
    const request = await greet(door, lobby);
    if (request === undefined) return void client.end();
    const reader = new MessageReader();
    const session = await admit(door.socket, request, {
      reader,
      lobby,
      clientAddress: client.remoteAddress ?? 'unknown',
    });
    clearTimeout(deadline);
    if (session !== undefined) await converse({ socket: door.socket, reader, session, request, lobby, describer });
  } catch (error) {
    const { code, message, hint } = refusalOf(error);
    if (code === 'INTERNAL') lobby.log('client.failed', { error });
    turnAway(door.socket, new GatewayError(code, message, hint === undefined ? {} : { hint }));
  } finally {
    clearTimeout(deadline);
  }
}

const slow = new GatewayError('TIMED_OUT', 'the log-in took too long', {
  hint: 'connect again and send the ticket at once',
});

/** Asks for the ticket and shows it at the door. @returns undefined when the client hung up */
async function admit(
  socket: Duplex,
  request: StartupRequest,
  { reader, lobby, clientAddress }: { reader: MessageReader; lobby: Lobby; clientAddress: string },
): Promise<SessionHandle | undefined> {
  socket.write(authentication.cleartextPassword);
  const ticket = await readTicket(socket, reader, lobby.limits.startupBytes);
  if (ticket === undefined) return undefined;
  const clientName = request.settings.find(([name]) => name.toLowerCase() === nameSetting)?.[1];
  return lobby.admit({
    ticket,
    connection: request.user,
    clientAddress,
    ...(request.database === undefined ? {} : { database: request.database }),
    ...(clientName === undefined ? {} : { clientName: clientName.slice(0, 256) }),
  });
}

async function readTicket(socket: Duplex, reader: MessageReader, limit: number): Promise<string | undefined> {
  for (;;) {
    const chunk = await readChunk(socket);
    if (chunk === undefined) return undefined;
    reader.push(chunk);
    if (reader.buffered > limit) throw violation('the password message is too long');
    const message = reader.next();
    if (message === undefined) continue;
    if (!isPasswordMessage(message)) throw violation('a password was expected');
    return new Fields(message.body).cstring();
  }
}

interface Party {
  readonly socket: Duplex;
  readonly reader: MessageReader;
  readonly session: SessionHandle;
  readonly request: StartupRequest;
  readonly lobby: Lobby;
  readonly describer: SqlDescriber;
}

async function converse({ socket, reader, session, request, lobby, describer }: Party): Promise<void> {
  const database = chosenDatabase(request, session);
  const conversation = new Conversation({ socket, reader, session, database, describer });
  const stop = () => conversation.inbox.fail(session.ended.reason);
  session.ended.addEventListener('abort', stop, { once: true });
  let forget: () => void = () => undefined;

  try {
    await session.run(exchangesOf());
    socket.end();
    session.close();
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.code === 'INTERNAL') lobby.log('session.failed', { session: session.id, error });
    conversation.line.destroy(new GatewayError(refusal.code, refusal.message));
    const told = error instanceof GatewayError && error.details['told'] === true;
    if (socket.writable && !told) conversation.line.say(refusalMessage(refusal, 'FATAL'));
    turnAwayQuietly(socket);
    session.close(refusal);
  } finally {
    session.ended.removeEventListener('abort', stop);
    forget();
    await conversation.line.end();
  }

  async function* exchangesOf(): AsyncGenerator<Exchange> {
    const secret = randomBytes(4).readInt32BE(); // our own: the target's never leaves the agent
    let connected = false;
    yield {
      operation: connectOperation(session, database),
      refuse: async (refusal) =>
        turnAway(socket, new GatewayError(refusal.code, refusal.message, refusal.hint ? { hint: refusal.hint } : {})),
      forward: async (permit, _gate, record) => {
        try {
          const { parameters, joinKey, pid } = await conversation.line.connect(permit, {
            database,
            settings: request.settings,
          });
          // On record with the first decision or before it; where it cannot be, the recorder admits nothing more.
          record.outcome({ status: 'done', maskedFields: 0, joinKey }).catch((error: unknown) => {
            if (refusalOf(error).code !== 'RECORDING_UNAVAILABLE') conversation.inbox.fail(error);
          });
          forget = lobby.cancellations.register(cancelKey(pid, secret), () => conversation.line.cancel());
          socket.write(welcome(withOwnName(parameters, request), { pid, secret }));
          connected = true;
          session.tell((text) => conversation.line.say(noticeMessage(text)));
        } catch (error) {
          await record.outcome({ status: 'failed', code: refusalOf(error).code, maskedFields: 0 });
          throw error;
        }
      },
    };
    if (!connected) return;
    conversation.line.pump();
    yield* conversation.exchanges();
  }
}

type Reported = readonly (readonly [string, string])[];

const welcome = (parameters: Reported, { pid, secret }: { pid: number; secret: number }): Buffer =>
  Buffer.concat([
    authentication.ok,
    ...parameters.map(([name, value]) => parameterStatus(name, value)),
    backendKeyData(pid, secret),
    readyForQuery('I'),
  ]);

/** At the target the session has the gateway's name; the client is told the one that it has given itself. */
function withOwnName(parameters: Reported, { settings }: StartupRequest): Reported {
  const own = settings.find(([name]) => name.toLowerCase() === nameSetting)?.[1] ?? '';
  return parameters.map(([name, value]) => [name, name === nameSetting ? own : value]);
}

function chosenDatabase(request: StartupRequest, session: SessionHandle): string {
  try {
    return databaseOf(request, session);
  } catch (error) {
    session.close(refusalOf(error));
    throw error;
  }
}

/** As PostgreSQL does, the database is the user's name where none is given; here that means the connection's only one. */
function databaseOf({ database, user }: StartupRequest, { connection }: SessionHandle): string {
  const wanted =
    database === undefined || (database === user && !connection.databases.includes(user))
      ? connection.databases[0]
      : database;
  if (wanted !== undefined && connection.databases.includes(wanted)) return wanted;
  throw new GatewayError(
    'DATABASE_NOT_ALLOWED',
    `database "${database ?? user}" is not one of connection "${connection.name}"`,
    {
      hint: `connect to one of: ${connection.databases.join(', ')}`,
    },
  );
}

function connectOperation({ connection }: SessionHandle, database: string): Operation {
  const text = `connect to ${connection.name}, database ${database}`;
  return {
    action: 'session.connect',
    risk: 'read',
    text,
    facts: { database },
    resources: [connection.name],
    digest: createHash('sha256').update(`${text}\0${connection.version}`).digest('hex') as Digest,
    pure: false,
  };
}

function turnAwayQuietly(socket: Duplex): void {
  socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), 2_000).unref();
}
