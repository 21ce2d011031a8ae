/**
 * What both ends of the bare tunnel share. Windows, keepalive and credentials are those of libs/tunnel at the time when
 * the bench was written, and stay so: a yardstick does not change with what it measures.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ChannelCredentials, type ChannelOptions, type MethodDefinition, ServerCredentials } from '@grpc/grpc-js';

export interface End {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Where clients connect. */
  readonly door: number;
  /** Where the far end dials in. */
  readonly grpc: number;
  readonly target: number;
}

export const readEnd = (): End => JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as End;

const streamWindow = 1024 * 1024;
const messageLimits = {
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_send_message_length': 1024 * 1024,
};

export const serverOptions: ChannelOptions = { ...messageLimits, 'grpc.enable_channelz': 0 };

export const clientOptions: ChannelOptions = {
  ...messageLimits,
  'grpc-node.flow_control_window': 2 * streamWindow,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.per_rpc_retry_buffer_size': 64 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
};

export class MutualTls extends ServerCredentials {
  constructor({ ca, cert, key }: End) {
    super(
      {
        requestCert: true,
        rejectUnauthorized: true,
        settings: { initialWindowSize: streamWindow, maxConcurrentStreams: 8192 },
      },
      { ca, cert, key, minVersion: 'TLSv1.3' },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

export const clientCredentials = ({ ca, cert, key }: End): ChannelCredentials =>
  ChannelCredentials.createFromSecureContext(createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' }));

const asIs = (bytes: Buffer): Buffer => bytes;

const bidirectional = (name: string): MethodDefinition<Buffer, Buffer> => ({
  path: `/bench.Tunnel/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});

/** The far end dials, hears on the link which session to open, and opens a stream for it: as the product does. */
export const linkMethod = bidirectional('Link');
export const sessionMethod = bidirectional('Session');
