import { randomUUID } from 'node:crypto';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type AgentId, GatewayError } from '@sallyport/core';
import { type Channel, FrameKind } from '@sallyport/engine';
import { expect, test } from 'vitest';
import type { SessionIntake } from './session-intake.js';
import { SessionMessage, sessionMessage, sessionProtocol } from './session-messages.js';
import { batch, claimOf, oldAgent, passiveAgent, rawPeer } from './session-peers.fixture.js';
import { bytes, echo, frame, insideOf, newSession, next, tunnelWorld, until, type World } from './tunnel.fixture.js';

const newId = (): AgentId => randomUUID() as AgentId;
const intakeOf = (world: World) => (world.server as unknown as { intake: SessionIntake }).intake;

/** Counts the connections for sessions that the control plane accepts. */
function countConnections(world: World): { count: number } {
  const intake = intakeOf(world);
  const accept = intake.accept.bind(intake);
  const state = { count: 0 };
  intake.accept = (socket) => {
    state.count += 1;
    accept(socket);
  };
  return state;
}

async function answers(channel: Channel, text: string): Promise<void> {
  channel.write(frame(FrameKind.FORWARD, bytes(text)));
  expect((await next(channel.frames))?.body.toString()).toBe(text);
}

/** Says all, and hears all. */
async function finish(channel: Channel): Promise<void> {
  channel.end();
  expect(await next(channel.frames)).toBeUndefined();
  await channel.closed;
}

const codeOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'none',
    (error: GatewayError) => error.code,
  );

test('sessions follow one another on one connection, and a spare is ready', async () => {
  await using world = await tunnelWorld();
  const connections = countConnections(world);
  await world.agent();
  await until(() => connections.count === 1); // before anything is opened

  for (let n = 0; n < 20; n += 1) {
    const channel = await world.open();
    await answers(channel, `session ${n}`);
    await finish(channel);
  }

  expect(connections.count).toBeLessThanOrEqual(3);
});

test('a session that ends unclean takes its connection with it', async () => {
  await using world = await tunnelWorld();
  const { id } = await world.agent();
  const channel = await world.open();
  await answers(channel, 'one');
  const { connections } = intakeOf(world) as unknown as { connections: { of(id: AgentId): { isGone: boolean }[] } };
  const held = connections.of(id);

  channel.destroy(new GatewayError('GRANT_ENDED', 'the login has ended'));

  await until(() => held.some(({ isGone }) => isGone));
  await answers(await world.open(), 'two');
});

test('an agent of before, which opens a stream of gRPC for each session, is served as before', async () => {
  await using world = await tunnelWorld();
  const agent = await oldAgent(world, newId());
  const channel = await world.open();

  await answers(channel, 'hello');
  await finish(channel);

  expect(agent.streams).toBe(1);
  agent.close();
});

test('with a control plane of before, the agent opens streams of gRPC', async () => {
  await using world = await tunnelWorld({ sessionConnections: false });
  const { id, log } = await world.agent();
  const channel = await world.open();

  await answers(channel, 'hello');
  await finish(channel);

  expect(log).not.toContain('unavailable');
  const peer = await rawPeer(world, await world.identity(id));
  await peer.closes(); // as its TLS has no such application protocol
});

test('where only HTTP/2 comes through, sessions go over gRPC, which is said once, and later the other way is tried again', async () => {
  await using world = await tunnelWorld();
  const intake = intakeOf(world);
  const accept = intake.accept.bind(intake);
  intake.accept = (socket: TLSSocket) => socket.destroy();
  const { log } = await world.agent({ sessionConnections: { pauseMs: 50 } });

  for (let n = 0; n < 3; n += 1) {
    await answers(await world.open(), `over gRPC ${n}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  expect(log.filter((line) => line.startsWith('session-connections.unavailable'))).toHaveLength(1);

  intake.accept = accept;
  const connections = countConnections(world);
  await until(() => {
    void world.open().catch(() => undefined);
    return log.some((line) => line.startsWith('session-connections.available'));
  });
  expect(connections.count).toBeGreaterThan(0);
});

test('an agent does not claim from another replica than that of its link', async () => {
  await using world = await tunnelWorld();
  const { replica } = intakeOf(world);
  let told = 0;
  Object.defineProperty(intakeOf(world), 'replica', { get: () => (++told === 1 ? replica : 'another') });
  const { log } = await world.agent();

  await answers(await world.open(), 'over gRPC');

  expect(log.join()).toContain('another replica of the control plane answered');
});

test('each claim is authorised: a revocation between two sessions counts', async () => {
  await using world = await tunnelWorld();
  const { id } = await world.agent();
  await finish(await world.open());

  world.revoked.add(id);

  await expect(world.open({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect(world.serverLog.join()).toContain('session.stream-refused this agent was revoked');
});

test('a revoked agent loses the connections that carry nothing, too', async () => {
  await using world = await tunnelWorld();
  const id = newId();
  const { identity } = await passiveAgent(world, id);
  const peer = await rawPeer(world, identity);
  await peer.hears(SessionMessage.READY);

  world.revoked.add(id);
  world.server.disconnect(id, 'lost laptop');

  await peer.closes();
});

test('an agent that has gone silent loses its sessions, although their connections stand', async () => {
  await using world = await tunnelWorld({ heartbeatMs: 100 });
  const { link } = await world.agent({ serve: () => new Promise(() => undefined) });
  const channel = await world.open();
  const inside = insideOf(link) as unknown as { heart: { stop(): void }; destroy(): void };

  inside.heart.stop();
  inside.destroy = () => undefined; // as a process that does nothing any more

  expect(await codeOf(next(channel.frames))).toBe('AGENT_LOST');
});

test('an agent whose target takes nothing hears soon that the session is over', async () => {
  await using world = await tunnelWorld();
  let over = false;
  await world.agent({
    serve: async (channel) => {
      await channel.closed;
      over = true;
    },
  });
  const channel = await world.open();
  const body = Buffer.alloc(64 * 1024);
  while (channel.write(frame(FrameKind.FORWARD, body))); // until it is told no: the agent has stopped reading
  await new Promise((resolve) => setTimeout(resolve, 300));
  while (channel.write(frame(FrameKind.FORWARD, body)));

  channel.destroy(new GatewayError('GRANT_ENDED', 'the login has ended'));

  await until(() => over);
});

// ------------------------------------------------------------------------------------------------- hostile peers

async function claimed(world: World) {
  const id = newId();
  const { identity, requests } = await passiveAgent(world, id);
  const opening = world.open();
  opening.catch(() => undefined);
  await until(() => requests.length === 1);
  const peer = await rawPeer(world, identity);
  await peer.hears(SessionMessage.READY);
  return { id, identity, request: requests[0]!, opening, peer };
}

test('bytes after the last batch break the session', async () => {
  await using world = await tunnelWorld();
  const { request, opening, peer } = await claimed(world);
  peer.send(claimOf(request));
  const channel = await opening;

  peer.send(batch('all', true), batch('more'));

  await peer.closes();
  await until(() => world.server.agents()[0]?.sessions === 0);
  expect(await codeOf(next(channel.frames))).toBe('PROTOCOL_VIOLATION');
});

test('bytes of a session that is over do not become those of the next', async () => {
  await using world = await tunnelWorld();
  const { request, opening, peer } = await claimed(world);
  peer.send(claimOf(request));
  const channel = await opening;
  channel.end();
  await until(() => peer.heard.filter((kind) => kind === SessionMessage.BATCH).length >= 2);

  peer.send(batch('', true), batch('late'));

  await peer.closes();
  expect(world.serverLog.join()).toContain('a message of kind 5 instead of a claim');
});

test('a second claim within a session ends it', async () => {
  await using world = await tunnelWorld();
  const { request, opening, peer } = await claimed(world);
  peer.send(claimOf(request));
  const channel = await opening;

  peer.send(claimOf(request));

  await peer.closes();
  expect(await codeOf(next(channel.frames))).toBe('PROTOCOL_VIOLATION');
});

test('a second claim before the answer ends the connection, and opens nothing', async () => {
  let admit: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    admit = resolve;
  });
  let questions = 0;
  await using world = await tunnelWorld({
    hooks: { authorize: () => (++questions === 1 ? Promise.resolve() : asked) } as never,
  });
  const { request, peer } = await claimed(world);

  peer.send(claimOf(request), claimOf(request));
  await peer.closes();
  admit();

  await until(() => world.serverLog.join().includes('the agent did not wait'));
  expect(world.server.agents()[0]?.sessions).toBe(1); // still being opened
});

test.each([
  [
    'a token that is wrong',
    (own: World, peer: Awaited<ReturnType<typeof claimed>>) => ({
      identity: own.identity(peer.id),
      request: { ...peer.request, token: Buffer.alloc(32) },
    }),
  ],
  [
    'the token of another agent',
    (own: World, peer: Awaited<ReturnType<typeof claimed>>) => ({
      identity: own.identity(newId()),
      request: peer.request,
    }),
  ],
  [
    'a session that nobody asked for',
    (own: World, peer: Awaited<ReturnType<typeof claimed>>) => ({
      identity: own.identity(peer.id),
      request: { ...peer.request, session: newSession() },
    }),
  ],
])('a claim with %s is refused, and what follows ends the connection', async (_what, altered) => {
  await using world = await tunnelWorld();
  const honest = await claimed(world);
  const { identity, request } = altered(world, honest);
  const thief = await rawPeer(world, await identity);
  await thief.hears(SessionMessage.READY);

  thief.send(claimOf(request));
  await thief.hears(SessionMessage.REFUSED);
  thief.send(batch('anyway'));
  await thief.closes();

  expect(thief.refusals).toEqual(['FORBIDDEN']);
  expect(thief.heard).not.toContain(SessionMessage.TAKEN);
  honest.peer.send(claimOf(honest.request)); // whose it is still gets it
  await honest.peer.hears(SessionMessage.TAKEN);
});

test.each([
  ['a batch before any claim', batch('early')],
  ['a READY, which is not its to say', sessionMessage(SessionMessage.READY)],
  ['a claim that cannot be read', sessionMessage(SessionMessage.CLAIM, Buffer.of(0x0f))],
  ['a length of four gigabytes', Buffer.of(0xff, 0xff, 0xff, 0xff, SessionMessage.CLAIM)],
  ['an unknown kind', Buffer.of(0, 0, 0, 0, 99)],
  ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
])('%s ends the connection', async (_what, sent) => {
  await using world = await tunnelWorld();
  const peer = await rawPeer(world, await world.identity(newId()));
  await peer.hears(SessionMessage.READY);

  peer.send(sent);

  await peer.closes();
  expect(world.serverLog.join()).toContain('session.connection-refused session connection: ');
});

test('half a claim and then silence ends the connection, as does silence for long', async () => {
  await using world = await tunnelWorld({ sessionConnections: { claimMs: 50, idleMs: 1_000 } });
  const identity = await world.identity(newId());
  const [half, silent] = [await rawPeer(world, identity), await rawPeer(world, identity)];
  await half.hears(SessionMessage.READY);

  half.send(Buffer.of(0, 0, 0));
  await half.closes();
  expect(silent.isClosed).toBe(false);
  await silent.closes();
});

test('an agent may hold so many connections that carry nothing, and no more', async () => {
  await using world = await tunnelWorld({ sessionConnections: { idlePerAgent: 2 } });
  const identity = await world.identity(newId());
  const peers = [await rawPeer(world, identity), await rawPeer(world, identity)];
  for (const peer of peers) await peer.hears(SessionMessage.READY);

  const third = await rawPeer(world, identity);
  await third.closes();

  expect(third.heard).toEqual([]);
  expect(peers.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  const other = await rawPeer(world, await world.identity(newId()));
  await other.hears(SessionMessage.READY);
});

test.each([
  ['no application protocol', []],
  ['one that is not spoken here', ['http/1.1']],
])('a client that asks for %s is closed', async (_what, alpn) => {
  await using world = await tunnelWorld();
  const peer = await rawPeer(world, await world.identity(newId()), alpn);

  await peer.closes();

  expect(peer.heard).toEqual([]);
});

test('without a certificate of the authority nobody is ready for a claim', async () => {
  await using world = await tunnelWorld();
  await using foreign = await tunnelWorld();
  const stranger = await foreign.identity(newId());
  const peer = await rawPeer(world, { ...stranger, ca: world.authority.certificate });
  await peer.closes();
  expect(peer.heard).toEqual([]);

  const bare = connect({
    host: '127.0.0.1',
    port: world.server.port,
    ca: world.authority.certificate,
    ALPNProtocols: [sessionProtocol],
  });
  let heard = 0;
  bare.on('data', () => {
    heard += 1;
  });
  await new Promise<void>((resolve) => {
    bare.on('error', () => resolve());
    bare.on('close', () => resolve());
  });
  expect(heard).toBe(0);
});

test('who does not speak TLS is closed', async () => {
  await using world = await tunnelWorld();
  const plain = connectPlain({ host: '127.0.0.1', port: world.server.port });
  plain.on('error', () => undefined);
  plain.write('GET / HTTP/1.1\r\n\r\n');

  await new Promise<void>((resolve) => plain.on('close', () => resolve()));
});

test('no connection is a resumption of another: each proves afresh who dials', async () => {
  await using world = await tunnelWorld();
  const identity = await world.identity(newId());
  const first = await rawPeer(world, identity);
  await first.hears(SessionMessage.READY); // behind whatever TLS hands out for a resumption
  const session = first.socket.getSession();

  const { ca, certificate: cert, privateKey: key } = identity;
  const again = connect({
    host: '127.0.0.1',
    port: world.server.port,
    ca,
    cert,
    key,
    ALPNProtocols: [sessionProtocol],
    ...(session === undefined ? {} : { session }),
  });
  await new Promise<void>((resolve) => again.on('data', () => resolve()));

  expect(again.isSessionReused()).toBe(false);
  again.destroy();
});

test('the certificate shown is the newest, on connections for sessions as on others', async () => {
  await using world = await tunnelWorld();
  await world.agent({ serve: echo });
  const identity = await world.identity(newId());
  const before = await rawPeer(world, identity);
  const { issueServerCertificate } = await import('./index.js');
  const fresh = await issueServerCertificate(world.authority, ['localhost', '127.0.0.1']);

  world.server.replaceCertificate({
    ca: world.authority.certificate,
    cert: fresh.certificate,
    key: fresh.privateKey,
  });

  const after = await rawPeer(world, identity);
  await after.hears(SessionMessage.READY);
  await before.hears(SessionMessage.READY);
  expect(after.socket.getPeerCertificate().fingerprint256).not.toBe(before.socket.getPeerCertificate().fingerprint256);
  await answers(await world.open(), 'still here');
});
