/**
 * What the tunnel itself costs: `Channel` to `Channel` between two processes, over session connections and over gRPC.
 * After a build: `tsc -b e2e/bench && node e2e/dist/bench/tunnel/ways.js`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { AgentId, SessionId } from '@sallyport/core';
import { type Channel, type Frame, FrameKind } from '@sallyport/engine';
import {
  type AgentIdentity,
  AgentLink,
  createAgentRequest,
  createAuthority,
  issueAgentCertificate,
  issueServerCertificate,
  TunnelServer,
} from '@sallyport/tunnel';

const bodyBytes = 64 * 1024;
const bulkBytes = 1024 ** 3;
const roundTrips = 20_000;
const openings = 500;
const empty = Buffer.alloc(0);
const tick = Buffer.alloc(200);

type Task = 'down' | 'up' | 'ping';

const frame = (kind: FrameKind, body: Uint8Array): Frame => ({ kind, exchange: 1, head: empty, body });

/** @returns seconds of this process's CPU since `before` */
const cpuSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

async function send(channel: Channel, kind: FrameKind): Promise<void> {
  for (let sent = 0; sent < bulkBytes; sent += bodyBytes)
    if (!channel.write(frame(kind, Buffer.allocUnsafe(bodyBytes)))) await channel.drained();
}

async function receive(channel: Channel): Promise<void> {
  let received = 0;
  for await (const { body } of channel.frames) {
    received += body.length;
    if (received >= bulkBytes) break;
  }
}

async function echo(channel: Channel): Promise<void> {
  for await (const { kind, body } of channel.frames)
    if (kind === FrameKind.FORWARD) channel.write(frame(FrameKind.DATA, body));
}

const serve: Record<Task, (channel: Channel) => Promise<void>> = {
  down: async (channel) => {
    await send(channel, FrameKind.DATA);
    await channel.frames[Symbol.asyncIterator]().next();
  },
  up: async (channel) => {
    await receive(channel);
    channel.write(frame(FrameKind.DATA, tick));
  },
  ping: echo,
};

function agent({ address, identity }: { address: string; identity: AgentIdentity }): void {
  new AgentLink({
    address,
    identity,
    hello: () => ({
      agentVersion: '',
      sqlVersion: '',
      capabilities: [],
      targets: [{ alias: 'bench', protocol: 'postgres', databases: [] }],
      witnessKey: '',
      witnessedCheckpoints: [],
    }),
    admit: () => undefined,
    serve: async (channel, { session }) => {
      const before = process.cpuUsage();
      await serve[session.split(':')[0] as Task](channel);
      process.send?.(cpuSince(before));
    },
    cosign: async () => '',
    keep: async () => undefined,
    log: () => undefined,
  }).start();
}

interface Measured {
  readonly seconds: number;
  readonly near: number;
  readonly far: number;
}

class Pair {
  private constructor(
    private readonly server: TunnelServer,
    private readonly child: ChildProcess,
  ) {}

  static async start(connections: boolean): Promise<Pair> {
    const authority = await createAuthority();
    const { certificate, privateKey } = await issueServerCertificate(authority, ['127.0.0.1']);
    const server = new TunnelServer({
      address: '127.0.0.1:0',
      tls: { ca: authority.certificate, cert: certificate, key: privateKey },
      version: '',
      log: () => undefined,
      hooks: {
        authorize: async () => undefined,
        hello: async () => undefined,
        catalogue: () => undefined,
        selfCheck: () => undefined,
        renew: async () => '',
        gone: () => undefined,
      },
      ...(connections ? {} : { sessionConnections: false }),
    });
    await server.listen();
    const request = await createAgentRequest();
    const own = await issueAgentCertificate(authority, request.csr, randomUUID() as AgentId);
    const identity = { certificate: own.certificate, privateKey: request.privateKey, ca: authority.certificate };
    const child = fork(fileURLToPath(import.meta.url), ['agent']);
    child.send({ address: `127.0.0.1:${server.port}`, identity });
    while (server.agents().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    return new Pair(server, child);
  }

  async measure(task: Task, work: (channel: Channel) => Promise<void>): Promise<Measured> {
    const channel = await this.open(task);
    const far = this.answer();
    const [start, before] = [performance.now(), process.cpuUsage()];
    await work(channel);
    const [seconds, near] = [(performance.now() - start) / 1000, cpuSince(before)];
    if (task === 'down') channel.write(frame(FrameKind.FORWARD, tick));
    channel.end();
    return { seconds, near, far: await far };
  }

  async open(task: Task): Promise<Channel> {
    const session = `${task}:${randomUUID()}` as SessionId;
    return this.server.open({ session, target: 'bench', protocol: 'postgres', head: empty }, { timeoutMs: 10_000 });
  }

  answer(): Promise<number> {
    return new Promise((resolve) => this.child.once('message', (seconds) => resolve(seconds as number)));
  }

  stop(): void {
    this.child.kill();
    this.server.close();
  }
}

async function pings(channel: Channel, count: number): Promise<void> {
  const answers = channel.frames[Symbol.asyncIterator]();
  for (let n = 0; n < count; n += 1) {
    channel.write(frame(FrameKind.FORWARD, tick));
    await answers.next();
  }
}

async function opened(pair: Pair): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < openings; n += 1) {
    const channel = await pair.open('ping');
    const served = pair.answer();
    await pings(channel, 1);
    channel.end();
    await served;
    await channel.closed;
  }
  return (performance.now() - start) / openings;
}

async function way(name: string, connections: boolean): Promise<void> {
  const pair = await Pair.start(connections);
  const say = (what: string, text: string): void => void process.stdout.write(`${name}, ${what}: ${text}\n`);
  const bulk = ({ seconds, near, far }: Measured): string =>
    `${(near / (bulkBytes / 1e9)).toFixed(2)} s/GB near, ${(far / (bulkBytes / 1e9)).toFixed(2)} s/GB far, ${(bulkBytes / 1e6 / seconds).toFixed(0)} MB/s`;
  await pair.measure('ping', (channel) => pings(channel, roundTrips / 4)); // warm
  say('agent to control plane', bulk(await pair.measure('down', receive)));
  say(
    'control plane to agent',
    bulk(
      await pair.measure('up', async (channel) => {
        await send(channel, FrameKind.FORWARD);
        await channel.frames[Symbol.asyncIterator]().next();
      }),
    ),
  );
  const { seconds, near, far } = await pair.measure('ping', (channel) => pings(channel, roundTrips));
  const each = (value: number): string => ((value / roundTrips) * 1e6).toFixed(0);
  say('200 bytes there and back', `${each(seconds)} µs, CPU ${each(near)} µs near, ${each(far)} µs far`);
  say('a session opened, used once and ended', `${(await opened(pair)).toFixed(2)} ms`);
  pair.stop();
}

if (process.argv[2] === 'agent') process.once('message', agent);
else {
  for (let round = 0; round < 3; round += 1) {
    await way('gRPC', false);
    await way('session connections', true);
  }
}
