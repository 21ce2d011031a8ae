import { Duplex } from 'node:stream';

/** Both directions, with the back-pressure of Node's streams; what ends one ends the other. */
export function join(socket: Duplex, call: object): void {
  // grpc-js types its calls by the messages that they carry; underneath they are streams of Node's like any other.
  if (!(call instanceof Duplex)) throw new TypeError('a call of grpc-js is no stream any more');
  socket.on('error', () => call.destroy());
  call.on('error', () => socket.destroy());
  socket.once('close', () => call.end());
  socket.pipe(call);
  call.pipe(socket);
}
