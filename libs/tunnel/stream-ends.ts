import { type ClientDuplexStream, Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { SessionClaim } from './messages.js';
import type { SessionStream } from './session-stream.js';
import type { ChannelEnd } from './stream-channel.js';
import { resetCall } from './transport.js';

/** What a `StreamChannel` needs to know of the stream under it. */
export type StreamEnd = Omit<ChannelEnd, 'lost' | 'lingerMs'>;

export const serverCallEnd = (call: ServerDuplexStream<Buffer, Buffer>): StreamEnd => ({
  abort: () => resetCall(call),
  ended: () => endCall(call),
  halfCloses: false,
});

export const clientCallEnd = (call: ClientDuplexStream<Buffer, Buffer>): StreamEnd => ({
  abort: () => call.cancel(),
  ended: () => endCall(call),
  halfCloses: true,
});

export const sessionStreamEnd = (stream: SessionStream): StreamEnd => ({
  abort: () => stream.abort(),
  ended: () => stream.release(),
  halfCloses: true,
  room: stream.room,
});

function endCall(call: { resume(): unknown; end(): unknown }): void {
  call.resume(); // or its end, and with it the call's, would never be read
  call.end();
}

/** How a claim travels on a Session stream. */
export function claimMetadata({ session, token }: SessionClaim): Metadata {
  const metadata = new Metadata();
  metadata.set('sallyport-session', session);
  metadata.set('sallyport-token', token.toString('base64url'));
  return metadata;
}

export const claimOf = (metadata: Metadata): SessionClaim => ({
  session: String(metadata.get('sallyport-session')[0] ?? ''),
  token: Buffer.from(String(metadata.get('sallyport-token')[0] ?? ''), 'base64url'),
});
