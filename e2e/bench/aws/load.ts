/** Clients that each have a connection of their own and ask one call after the other. */
import { ascending, percentile } from '../figures.js';
import type { PeerProcess } from '../peers/peer.js';
import { cpuSeconds } from '../procfs.js';
import type { AwsWay } from './bed.js';
import { type Call, Calls } from './calls.js';
import { Connection } from './connection.js';

export interface Load {
  readonly call: Call;
  readonly clients: number;
  /** Of each client; it ends with whichever is first. */
  readonly most: number;
  readonly seconds: number;
}

export interface LoadFigures {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from the first byte out to the last byte in; signing comes before it. */
  readonly p50: number;
  readonly p99: number;
  /** Seconds of CPU, by process. */
  readonly cpu: Readonly<Record<string, number>>;
}

const opening: Call = { name: 'GetItem', size: 0 };

export async function load(way: AwsWay, { call, clients, most, seconds }: Load): Promise<LoadFigures> {
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(way.place)));
  const calls = new Calls(way.host, way.credential);
  try {
    const times: number[] = [];
    await Promise.all(connections.map((connection) => once(connection, calls, opening))); // a session, and ways through the agent
    const before = used(way.processes);
    const began = performance.now();
    const end = began + seconds * 1000;
    await Promise.all(
      connections.map(async (connection) => {
        for (let asked = 0; asked < most && performance.now() < end; asked += 1)
          times.push(await once(connection, calls, call));
      }),
    );
    const elapsed = (performance.now() - began) / 1000;
    const after = used(way.processes);
    const sorted = ascending(times);
    return {
      requests: times.length,
      seconds: elapsed,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      cpu: Object.fromEntries(way.processes.map(({ name }, index) => [name, after[index]! - before[index]!])),
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}

const used = (processes: readonly PeerProcess[]): number[] => processes.map(({ pid }) => cpuSeconds(pid));

/** @returns milliseconds */
async function once(connection: Connection, calls: Calls, call: Call): Promise<number> {
  const { head, body, expects } = calls.prepared(call);
  const began = performance.now();
  const answered = await connection.send(head, body);
  const took = performance.now() - began;
  if (answered.status !== 200 || (expects !== undefined && answered.bytes !== expects))
    throw new Error(`${call.name} was answered with ${answered.bytes} bytes and\n${answered.head}`);
  return took;
}
