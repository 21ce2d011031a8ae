import { constants as tls } from 'node:crypto';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { ChannelCredentials, type ChannelOptions, ServerCredentials } from '@grpc/grpc-js';
import { maxBatchBytes } from './frames.js';

/**
 * HTTP/2 windows for long distances: 64 KiB over 50 ms would allow 1.3 MB/s, 1 MiB allows 20 MB/s for each session. Node
 * gives back the connection's window as bytes arrive, so a session that nobody reads holds its own window and no other's.
 */
export const streamWindow = 1024 * 1024;
export const connectionWindow = 16 * 1024 * 1024;

/** Both sides ping on their own, and a ping every ten seconds from an agent is what the control plane expects. */
const keepalive = { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 8_000 };

const messageLimits = {
  'grpc.max_receive_message_length': maxBatchBytes + 1024,
  'grpc.max_send_message_length': maxBatchBytes + 1024,
};

export const serverOptions: ChannelOptions = {
  ...keepalive,
  ...messageLimits,
  'grpc.http2.min_ping_interval_without_data_ms': 5_000,
  'grpc.max_concurrent_streams': 8192,
  'grpc.enable_channelz': 0,
};

export const clientOptions: ChannelOptions = {
  ...keepalive,
  ...messageLimits,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc-node.flow_control_window': 2 * streamWindow,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  // What grpc-js keeps for its own retries it acknowledges at once: kept small, or a slow reader would not be felt.
  'grpc.per_rpc_retry_buffer_size': 64 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.client_idle_timeout_ms': 2_147_483_647,
};

export interface ServerTls {
  /** PEM of the authority whose agents are let in. */
  readonly ca: string;
  /** PEM, leaf first. The authority is sent along, so that an agent that enrols can compare its fingerprint. */
  readonly cert: string;
  readonly key: string;
}

/** What a server shows. No tickets: each connection proves afresh who dials. */
export const serverContext = ({ ca, cert, key }: ServerTls): SecureContextOptions => ({
  ca,
  cert: `${cert.trim()}\n${ca}`,
  key,
  minVersion: 'TLSv1.3',
  secureOptions: tls.SSL_OP_NO_TICKET,
});

/** Of a server that asks nobody for a certificate: enrolment. */
export class EnrolmentCredentials extends ServerCredentials {
  constructor(tls: ServerTls) {
    super({ requestCert: false }, serverContext(tls));
  }

  /** New connections get the new certificate; those that stand keep theirs. */
  replace(tls: ServerTls): void {
    this.updateSecureContextOptions(serverContext(tls));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** @param identity the agent's certificate; absent only for enrolment */
export const agentCredentials = (
  ca: string,
  identity?: { certificate: string; privateKey: string },
): ChannelCredentials => ChannelCredentials.createFromSecureContext(agentContext(ca, identity));

export const agentContext = (ca: string, identity?: { certificate: string; privateKey: string }): SecureContext =>
  createSecureContext({
    ca,
    minVersion: 'TLSv1.3',
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
  });

interface WithStream {
  readonly call?: { readonly stream?: ServerHttp2Stream };
}

/**
 * The HTTP/2 stream under a server's call. grpc-js 1.14 shows no way to reset a stream or to reach its
 * connection, so this reaches below its surface, here only; tests fail when an update moves it.
 */
const streamOf = (call: object): ServerHttp2Stream | undefined => (call as WithStream).call?.stream;

export const connectionOf = (call: object): ServerHttp2Session | undefined => {
  const session = streamOf(call)?.session;
  return session === undefined ? undefined : (session as ServerHttp2Session);
};

/** Ends a call at once, whatever is still queued in it. */
export const resetCall = (call: object): void => streamOf(call)?.close(constants.NGHTTP2_CANCEL);

/** A connection's windows are the listener's to set: grpc-js has no option for a server's. */
export function widenWindows(connection: ServerHttp2Session): void {
  connection.settings({ initialWindowSize: streamWindow });
  connection.setLocalWindowSize(connectionWindow);
}
