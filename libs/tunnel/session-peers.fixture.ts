import { connect, type TLSSocket } from 'node:tls';
import type { AgentId } from '@sallyport/core';
import { FrameKind } from '@sallyport/engine';
import { decodeBatch, encodeBatch } from './frames.js';
import type { AgentIdentity, OpenSession } from './index.js';
import type { ControlMessage } from './messages.js';
import { Client, linkMethod, refusal, sessionClaim, sessionMethod } from './service.js';
import { MessageReader, SessionMessage, sessionMessage, sessionProtocol } from './session-messages.js';
import { claimMetadata } from './stream-ends.js';
import { agentCredentials, clientOptions } from './transport.js';
import { type Agent, facts, frame, insideOf, until, type World } from './tunnel.fixture.js';

/** A peer of the control plane that sends whatever a test likes on a connection for sessions. */
export interface RawPeer {
  readonly socket: TLSSocket;
  /** Kinds of the messages that came. */
  readonly heard: SessionMessage[];
  readonly refusals: string[];
  readonly isClosed: boolean;
  send(...bytes: Uint8Array[]): void;
  /** Waits for a message of this kind. */
  hears(kind: SessionMessage): Promise<void>;
  closes(): Promise<void>;
}

export async function rawPeer(world: World, identity: AgentIdentity, alpn = [sessionProtocol]): Promise<RawPeer> {
  const heard: SessionMessage[] = [];
  const refusals: string[] = [];
  const reader = new MessageReader((kind, content) => {
    heard.push(kind);
    if (kind === SessionMessage.REFUSED) refusals.push(refusal.deserialize(content).code);
  });
  const { ca, certificate: cert, privateKey: key } = identity;
  const socket = connect({ host: '127.0.0.1', port: world.server.port, ca, cert, key, ALPNProtocols: alpn });
  const state = { closed: false };
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.closed = true;
  });
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  await until(() => state.closed || !socket.connecting);
  return {
    socket,
    heard,
    refusals,
    get isClosed() {
      return state.closed;
    },
    send: (...bytes) => void socket.write(Buffer.concat(bytes)),
    hears: (kind) => until(() => heard.includes(kind)),
    closes: () => until(() => state.closed),
  };
}

export const claimOf = ({ session, token }: OpenSession): Buffer =>
  sessionMessage(SessionMessage.CLAIM, sessionClaim.serialize({ session, token }));

export const batch = (text: string, last = false): Buffer =>
  sessionMessage(
    SessionMessage.BATCH,
    encodeBatch({ frames: text === '' ? [] : [frame(FrameKind.DATA, Buffer.from(text))], last }),
  );

/** An agent that hears the control plane's requests and leaves them to the test. */
export async function passiveAgent(
  world: World,
  id: AgentId,
): Promise<Agent & { readonly identity: AgentIdentity; readonly requests: OpenSession[] }> {
  const requests: OpenSession[] = [];
  const identity = await world.identity(id);
  const agent = await world.agent({ id, identity });
  insideOf(agent.link).opened = (request) => void requests.push(request);
  return { ...agent, identity, requests };
}

/** An agent of before there were session connections: everything over gRPC. Echoes what it is sent. */
export async function oldAgent(world: World, id: AgentId): Promise<{ readonly streams: number; close(): void }> {
  const identity = await world.identity(id);
  const client = new Client(world.address, agentCredentials(identity.ca, identity), clientOptions);
  const state = { streams: 0, welcome: false };
  const link = client.makeBidiStreamRequest(
    linkMethod.path,
    linkMethod.requestSerialize,
    linkMethod.responseDeserialize,
  );
  link.on('error', () => undefined);
  link.on('data', (message: ControlMessage) => {
    if (message.message === 'welcome') state.welcome = true;
    if (message.message === 'openSession') echoOver(message.openSession);
  });
  function echoOver(request: OpenSession): void {
    const { path, requestSerialize, responseDeserialize } = sessionMethod;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, claimMetadata(request));
    state.streams += 1;
    call.on('error', () => undefined);
    call.on('data', (bytes: Buffer) => {
      const { frames, last } = decodeBatch(bytes);
      const answers = frames
        .filter(({ kind }) => kind === FrameKind.FORWARD)
        .map(({ body, exchange }) => frame(FrameKind.DATA, body, exchange));
      call.write(encodeBatch({ frames: answers, last }));
      if (last) call.end();
    });
  }
  link.write({ message: 'hello', hello: { ...facts, protocolMin: 1, protocolMax: 1, instance: 'old' } });
  await until(() => state.welcome);
  return {
    get streams() {
      return state.streams;
    },
    close: () => client.close(),
  };
}
