/** The near end of the bare tunnel: clients' TLS sockets into gRPC streams, one message for each chunk, unread. */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { Metadata, Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { join } from './join.js';
import { linkMethod, MutualTls, readEnd, serverOptions, sessionMethod } from './transport.js';

type Call = ServerDuplexStream<Buffer, Buffer>;

const end = readEnd();
const secureContext = createSecureContext({ cert: end.cert, key: end.key, minVersion: 'TLSv1.3' });
const sslRequest = 80877103;
const waiting = new Map<string, Duplex>();
let link: Call | undefined;
let sessions = 0;

const server = new Server(serverOptions);
server.addService(
  { Link: linkMethod, Session: sessionMethod },
  {
    Link: (call: Call) => {
      call.sendMetadata(new Metadata());
      call.on('error', () => undefined);
      call.resume();
      link = call;
    },
    Session: (call: Call) => {
      const id = String(call.metadata.get('session')[0]);
      const client = waiting.get(id);
      waiting.delete(id);
      call.sendMetadata(new Metadata());
      if (client === undefined) call.end();
      else join(client, call);
    },
  },
);

/** PostgreSQL's own way into TLS: eight bytes of question, one of answer. */
function welcome(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.once('data', (packet: Buffer) => {
    if (packet.length !== 8 || packet.readInt32BE(4) !== sslRequest) return socket.destroy();
    socket.pause();
    socket.write('S');
    open(new TLSSocket(socket, { isServer: true, secureContext }));
  });
}

function open(client: Duplex): void {
  const id = String((sessions += 1));
  client.on('error', () => undefined);
  client.once('close', () => waiting.delete(id));
  waiting.set(id, client);
  link?.write(Buffer.from(id));
}

server.bindAsync(`127.0.0.1:${end.grpc}`, new MutualTls(end), (error) => {
  if (error !== null) throw error;
  createServer(welcome).listen(end.door, '127.0.0.1');
});
