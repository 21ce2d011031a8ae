/** The far end of the bare tunnel: gRPC streams into sockets to the target. */
import { connect } from 'node:net';
import { Client, Metadata } from '@grpc/grpc-js';
import { join } from './join.js';
import { clientCredentials, clientOptions, linkMethod, readEnd, sessionMethod } from './transport.js';

const end = readEnd();
const client = new Client(`127.0.0.1:${end.grpc}`, clientCredentials(end), clientOptions);

const streamOf = ({ path, requestSerialize, responseDeserialize }: typeof sessionMethod, metadata = new Metadata()) =>
  client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);

const link = streamOf(linkMethod);
link.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
link.on('data', (id: Buffer) => {
  const metadata = new Metadata();
  metadata.set('session', id.toString());
  const socket = connect({ port: end.target, host: '127.0.0.1', noDelay: true });
  join(socket, streamOf(sessionMethod, metadata));
});
