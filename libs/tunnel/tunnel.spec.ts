import { randomUUID } from 'node:crypto';
import type { ServerHttp2Session } from 'node:http2';
import { connect } from 'node:tls';
import { type AgentId, type Digest, GatewayError } from '@sallyport/core';
import { type Channel, FrameKind } from '@sallyport/engine';
import { expect, test } from 'vitest';
import type { Grouped } from './grouped.js';
import {
  AgentLink,
  createAgentRequest,
  createAuthority,
  issueAgentCertificate,
  type OpenSession,
  readCertificate,
  type TunnelServer,
} from './index.js';
import { bytes, echo, facts, frame, insideOf, newSession, next, tunnelWorld, until } from './tunnel.fixture.js';

test('a session carries frames both ways, in order, and ends cleanly', async () => {
  await using world = await tunnelWorld();
  const opened: string[] = [];
  await world.agent({
    serve: async (channel) => {
      for await (const { kind, head, body } of channel.frames) {
        if (kind === FrameKind.OPEN) opened.push(head.toString());
        else channel.write(frame(FrameKind.DATA, body));
      }
      channel.write(frame(FrameKind.OUTCOME));
    },
  });

  const channel = await world.open();
  for (let n = 0; n < 1_000; n += 1) channel.write(frame(FrameKind.FORWARD, bytes(String(n))));
  channel.end();
  const answers: string[] = [];
  for await (const { kind, body } of channel.frames)
    answers.push(kind === FrameKind.OUTCOME ? 'outcome' : body.toString());

  expect(opened).toEqual(['{"database":"orders"}']);
  expect(answers).toEqual([...Array.from({ length: 1_000 }, (_, n) => String(n)), 'outcome']);
  await until(() => world.server.agents()[0]?.sessions === 0);
});

test('a message of fifteen megabytes passes whole', async () => {
  await using world = await tunnelWorld();
  await world.agent();
  const channel = await world.open();
  const big = Buffer.alloc(15 * 1024 * 1024, 'x');

  channel.write(frame(FrameKind.FORWARD, big, 7));

  const answer = await next(channel.frames);
  expect(answer).toMatchObject({ kind: FrameKind.DATA, exchange: 7 });
  expect(big.equals(answer!.body)).toBe(true);
});

test('a frame beyond the limit is refused where it is written', async () => {
  await using world = await tunnelWorld();
  await world.agent();
  const channel = await world.open();

  expect(() => channel.write(frame(FrameKind.FORWARD, Buffer.alloc(17 * 1024 * 1024)))).toThrow(
    expect.objectContaining({ code: 'TOO_LARGE' }),
  );
});

test('a client without a certificate is not let in', async () => {
  await using world = await tunnelWorld();
  const link = new AgentLink({
    ...(await stranger(world.address, await createAuthority(), world.authority.certificate)),
  });

  await expect(dialOnce(link)).resolves.toContain('link.dial-failed');
  const bare = await new Promise<string>((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: world.server.port,
      ca: world.authority.certificate,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
    });
    socket.on('error', (error: Error) => resolve(error.message));
    socket.on('close', () => resolve('closed'));
    socket.on('data', () => undefined);
  });
  expect(bare).toMatch(/certificate required|closed/);
  expect(world.server.agents()).toEqual([]);
});

test('a certificate of another authority is not let in, and an agent does not speak to a server of another authority', async () => {
  await using world = await tunnelWorld();
  await using foreign = await tunnelWorld();
  const withForeignCertificate = new AgentLink(
    await stranger(world.address, foreign.authority, world.authority.certificate),
  );
  const toForeignServer = new AgentLink(await stranger(foreign.address, world.authority, world.authority.certificate));

  expect(await dialOnce(withForeignCertificate)).toContain('link.dial-failed');
  expect(await dialOnce(toForeignServer)).toContain('link.dial-failed');
  expect(world.server.agents()).toEqual([]);
  expect(foreign.server.agents()).toEqual([]);
});

async function stranger(
  address: string,
  signer: Awaited<ReturnType<typeof createAuthority>>,
  ca: string,
): Promise<ConstructorParameters<typeof AgentLink>[0]> {
  const { csr, privateKey } = await createAgentRequest();
  const { certificate } = await issueAgentCertificate(signer, csr, randomUUID() as AgentId);
  const log: string[] = [];
  return {
    address,
    identity: { certificate, privateKey, ca },
    hello: () => facts,
    admit: () => undefined,
    serve: echo,
    cosign: async () => '',
    keep: async () => undefined,
    log: (event) => void log.push(event),
  };
}

async function dialOnce(link: AgentLink): Promise<string> {
  const seen: string[] = [];
  Object.assign(link['options' as never], { log: (event: string) => seen.push(event) });
  link.start();
  await until(() => seen.length > 0 || link.isConnected);
  await link.stop(0);
  return seen.join();
}

test('a revoked agent is out at once, its session with it, and does not come back', async () => {
  await using world = await tunnelWorld();
  const { id, link } = await world.agent();
  const channel = await world.open();
  const ended = next(channel.frames).then(
    () => 'answered',
    (error: GatewayError) => error.code,
  );

  world.revoked.add(id);
  world.server.disconnect(id, 'lost laptop');

  expect(await ended).toBe('AGENT_LOST');
  expect(await link.finished).toMatchObject({ code: 'FORBIDDEN' });
  expect(world.server.agents()).toEqual([]);
  await expect(world.open()).rejects.toMatchObject({ code: 'AGENT_OFFLINE' });

  const again = await world.agent({ id, unlinked: true });
  expect(await again.link.finished).toMatchObject({ code: 'FORBIDDEN' });
});

test('an agent renews its certificate by itself, and the session that runs is not disturbed', async () => {
  await using world = await tunnelWorld();
  const kept: string[] = [];
  const { link } = await world.agent({
    lifetimeMs: 2_000,
    keep: async ({ certificate }) => void kept.push(certificate),
  });
  const before = world.server.agents()[0]!.serial;
  const channel = await world.open();

  await until(() => world.server.agents()[0]?.serial !== before && link.isConnected);

  channel.write(frame(FrameKind.FORWARD, bytes('still here')));
  expect((await next(channel.frames))?.body.toString()).toBe('still here');
  expect(readCertificate(kept[0]!).serial).toBe(world.server.agents()[0]!.serial);
});

test('an agent whose certificate has expired is put out', async () => {
  await using world = await tunnelWorld({
    hooks: {
      renew: async () => {
        throw new GatewayError('INTERNAL', 'no renewal today');
      },
    } as never,
  });
  const { link } = await world.agent({ lifetimeMs: 1_500 });

  expect(await link.finished).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(world.server.agents()).toEqual([]);
});

test('an agent that dies ends its sessions with AGENT_LOST, and those that were being opened', async () => {
  await using world = await tunnelWorld();
  const { link } = await world.agent({ serve: () => new Promise(() => undefined) });
  const channel = await world.open();
  const reading = next(channel.frames);
  reading.catch(() => undefined);

  await link.stop(0);

  await expect(reading).rejects.toMatchObject({ code: 'AGENT_LOST' });
  await expect(channel.drained()).rejects.toMatchObject({ code: 'AGENT_LOST' });
  await expect(world.open()).rejects.toMatchObject({ code: 'AGENT_OFFLINE' });
});

test('a control plane that goes away ends the sessions of its agent, which comes back by itself', async () => {
  await using world = await tunnelWorld();
  const ends: string[] = [];
  const { link } = await world.agent({
    random: () => 0.1,
    serve: async (channel) => {
      await echo(channel).catch((error: GatewayError) => ends.push(error.code));
    },
  });
  await world.open();

  cutLinks(world.server);
  await until(() => ends.length === 1);
  await until(() => link.isConnected && world.server.agents().length === 1);

  const channel = await world.open();
  channel.write(frame(FrameKind.FORWARD, bytes('again')));
  expect((await next(channel.frames))?.body.toString()).toBe('again');
});

/** As when the network between the two goes. */
function cutLinks(server: TunnelServer): void {
  const { connections } = server as unknown as { connections: Grouped<AgentId, ServerHttp2Session> };
  for (const connection of connections.all()) connection.destroy();
}

test('one session whose dial hangs and one that nobody reads do not delay another', async () => {
  await using world = await tunnelWorld();
  let sessions = 0;
  await world.agent({
    serve: async (channel) => {
      sessions += 1;
      if (sessions === 1) return new Promise(() => undefined); // the target does not answer the dial
      if (sessions === 2) return flood(channel);
      return echo(channel);
    },
  });
  await world.open();
  await world.open(); // flooded, never read

  const third = await world.open();
  for (let n = 0; n < 50; n += 1) {
    third.write(frame(FrameKind.FORWARD, Buffer.alloc(100_000, n)));
    let received = 0;
    while (received < 100_000) received += (await next(third.frames))!.body.length;
  }
});

async function flood(channel: Channel): Promise<void> {
  const row = Buffer.alloc(32 * 1024, 'r');
  for (;;) if (!channel.write(frame(FrameKind.DATA, row))) await channel.drained();
}

test('an agent that does not open a session in time is passed over for the next', async () => {
  await using world = await tunnelWorld();
  const hung = await world.agent();
  insideOf(hung.link).opened = () => undefined; // hears the request and does nothing
  await world.agent();

  const channel = await world.open({ timeoutMs: 1_000 });

  channel.write(frame(FrameKind.FORWARD, bytes('hello')));
  expect((await next(channel.frames))?.body.toString()).toBe('hello');
});

test('sessions go to the agent that has the fewest', async () => {
  await using world = await tunnelWorld();
  await world.agent();
  await world.agent();

  await Promise.all(Array.from({ length: 10 }, () => world.open()));

  expect(world.server.agents().map(({ sessions }) => sessions)).toEqual([5, 5]);
});

test('an agent refuses what it does not serve, in its own words', async () => {
  await using world = await tunnelWorld();
  await world.agent({
    admit: ({ target }) => {
      throw new GatewayError('TARGET_UNKNOWN', `there is no target "${target}" here`);
    },
  });

  await expect(world.open()).rejects.toMatchObject({
    code: 'TARGET_UNKNOWN',
    message: 'there is no target "orders" here',
  });
});

test('a session has several streams opened side by side; where an agent refuses it, all that wait are refused', async () => {
  await using world = await tunnelWorld();
  let serves = true;
  await world.agent({
    admit: () => {
      if (!serves) throw new GatewayError('TARGET_UNKNOWN', 'there is no such target any more');
    },
  });
  const session = newSession();
  const open = () => Promise.allSettled(Array.from({ length: 5 }, () => world.open({ session })));
  for (const [index, one] of (await open()).entries()) {
    if (one.status === 'rejected') throw one.reason;
    one.value.write(frame(FrameKind.FORWARD, bytes(String(index))));
    expect((await next(one.value.frames))?.body.toString()).toBe(String(index));
  }
  serves = false;
  const refused = { status: 'rejected', reason: { code: 'TARGET_UNKNOWN' } };
  expect(await open()).toMatchObject([refused, refused, refused, refused, refused]);
});

test('what serving throws reaches the other end as a CLOSE with a refusal', async () => {
  await using world = await tunnelWorld();
  await world.agent({
    serve: async () => {
      throw new GatewayError('TARGET_UNREACHABLE', 'the target does not answer');
    },
  });
  const channel = await world.open();

  const closing = await next(channel.frames);

  expect(closing?.kind).toBe(FrameKind.CLOSE);
  expect(JSON.parse(closing!.head.toString())).toMatchObject({ code: 'TARGET_UNREACHABLE' });
});

test.each([
  ['another agent, which has learnt the token', (request: OpenSession) => request],
  ['the right agent with a wrong token', (request: OpenSession) => ({ ...request, token: Buffer.alloc(32) })],
  ['the right agent for another session', (request: OpenSession) => ({ ...request, session: newSession() })],
])('a stream of %s opens nothing', async (who, altered) => {
  await using world = await tunnelWorld();
  const thief = await world.agent({ hello: () => ({ ...facts, targets: [] }) });
  const { link } = await world.agent();
  const own = insideOf(link).opened.bind(insideOf(link));
  const opener = who.startsWith('another') ? (request: OpenSession) => insideOf(thief.link).opened(request) : own;
  insideOf(link).opened = (request) => opener(altered(request));

  await expect(world.open({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'TIMED_OUT' });

  expect(world.serverLog.join()).toContain('this session is not to be opened here');
});

test('a token is good for one stream', async () => {
  await using world = await tunnelWorld();
  const { link } = await world.agent();
  const own = insideOf(link).opened.bind(insideOf(link));
  insideOf(link).opened = (request) => {
    own(request);
    own(request);
  };

  await world.open();

  await until(() => world.serverLog.join().includes('this session is not to be opened here'));
  expect(world.server.agents()[0]?.sessions).toBe(1);
});

test('an agent of an incompatible version is told so, and both sides log it', async () => {
  await using world = await tunnelWorld({ protocolRange: { min: 2, max: 3 } });
  const { log } = await world.agent({ unlinked: true });

  await until(() => log.length > 0);

  expect(log.join()).toContain('the agent speaks tunnel versions 1 to 1, the control plane 2 to 3');
  expect(world.serverLog.join()).toContain('the agent speaks tunnel versions 1 to 1');
});

test('what a login may do arrives as it was found, and what is too long for a name only as a number', async () => {
  await using world = await tunnelWorld();
  const { link } = await world.agent();
  const at = new Date(1_700_000_000_000);
  const problems = [
    { problem: 'can write', what: 'app.orders (INSERT)' },
    { problem: 'can run', what: `app.${'x'.repeat(600)}()` },
  ];
  link.report('orders', 'orders', { at, problems, more: 7 });
  const failure = { code: 'TARGET_UNREACHABLE', message: 'the target cannot be reached', hint: 'look at it' } as const;
  link.report('orders', 'orders', { at, problems: [], more: 0, failure });

  await until(() => world.selfChecks.length === 2);
  expect(world.selfChecks).toEqual([
    { target: 'orders', database: 'orders', check: { at, problems: [problems[0]], more: 8 } },
    { target: 'orders', database: 'orders', check: { at, problems: [], more: 0, failure } },
  ]);
});

test('an agent that speaks of a database that it did not offer loses its link', async () => {
  await using world = await tunnelWorld();
  const { link, log } = await world.agent();
  link.report('orders', 'payroll', { at: new Date(), problems: [], more: 0 });
  await until(() => log.some((line) => line.startsWith('link.lost')));
  expect(log.join()).toContain('a self-check of a database that was not offered');
  expect(world.selfChecks).toEqual([]);
});

test('a catalogue of megabytes arrives whole while sessions open', async () => {
  await using world = await tunnelWorld();
  const { link } = await world.agent();
  const snapshot = Buffer.alloc(5_000_000, 'c');

  link.publish('orders', 'orders', { digest: 'ab'.repeat(32) as Digest, bytes: snapshot });
  link.publish('orders', 'empty', { digest: 'cd'.repeat(32) as Digest, bytes: new Uint8Array(0) });
  await world.open();

  await until(() => world.catalogues.length === 2);
  expect(world.catalogues[0]).toMatchObject({ target: 'orders', database: 'orders' });
  expect(snapshot.equals(world.catalogues[0]!.bytes)).toBe(true);
});

test('a witness is asked and answers, or says why not', async () => {
  await using world = await tunnelWorld();
  let consistent = true;
  const { id } = await world.agent({
    cosign: async ({ checkpoint, proof }) => {
      if (!consistent) throw new GatewayError('EVIDENCE_INCONSISTENT', 'the log was rolled back');
      return `${checkpoint} ${proof.map((hash) => hash.toString('hex')).join()}`;
    },
  });

  expect(await world.server.cosign(id, { checkpoint: 'note', proof: [Uint8Array.of(1, 2), Uint8Array.of(3)] })).toBe(
    'note 0102,03',
  );
  consistent = false;
  await expect(world.server.cosign(id, { checkpoint: 'note', proof: [] })).rejects.toMatchObject({
    code: 'EVIDENCE_INCONSISTENT',
    message: 'the log was rolled back',
  });
});

test('a session that is given up while it is opened ends with the reason', async () => {
  await using world = await tunnelWorld();
  const { link } = await world.agent();
  insideOf(link).opened = () => undefined;
  const signal = AbortSignal.abort(new GatewayError('GRANT_ENDED', 'the login has ended'));

  const opening = world.server.open(
    { session: newSession(), target: 'orders', protocol: 'postgres', head: bytes('') },
    { timeoutMs: 5_000, signal },
  );

  await expect(opening).rejects.toMatchObject({ code: 'GRANT_ENDED' });
});

test('destroying a channel ends the other end at once, although its reader is stuck', async () => {
  await using world = await tunnelWorld();
  const ends: string[] = [];
  await world.agent({ serve: (channel) => flood(channel).catch((error: GatewayError) => void ends.push(error.code)) });
  const channel = await world.open();
  await until(() => world.server.agents()[0]?.sessions === 1);

  channel.destroy(new GatewayError('GRANT_ENDED', 'the login has ended'));

  await expect(next(channel.frames)).rejects.toMatchObject({ code: 'GRANT_ENDED' });
  await until(() => ends.length === 1);
  expect(ends).toEqual(['SESSION_ENDED']);
});

test('a control plane that drains lets sessions end and opens no new ones', async () => {
  await using world = await tunnelWorld();
  await world.agent();
  const channel = await world.open();

  const draining = world.server.drain(5_000);
  await expect(world.open()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  channel.write(frame(FrameKind.FORWARD, bytes('last words')));
  expect((await next(channel.frames))?.body.toString()).toBe('last words');
  channel.end();

  await draining;
  expect(world.server.agents()).toEqual([]);
});
