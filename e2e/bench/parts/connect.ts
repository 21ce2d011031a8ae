import { answers } from '../client/answers.js';
import { ascending, digits, percentile } from '../figures.js';
import type { Options } from '../options.js';
import type { Bed } from '../peers/bed.js';
import { clientConfig, type Peer, within } from '../peers/peer.js';
import { interleaved, type Say } from './rounds.js';

/** Milliseconds from the first byte to the closed socket: connect, TLS, authentication, one question, goodbye. */
export interface Connecting {
  readonly peer: string;
  readonly p50: number;
  readonly p99: number;
}

export async function measureConnecting(bed: Bed, options: Options, say: Say): Promise<Connecting[]> {
  const configs = new Map(
    await Promise.all(bed.peers.map(async (peer) => [peer, clientConfig(await peer.env())] as const)),
  );
  const once = (peer: Peer): Promise<number> =>
    within(peer, async () => {
      const began = performance.now();
      await answers(configs.get(peer)!);
      return performance.now() - began;
    });
  await interleaved(bed.peers, 5, once); // not measured
  const times = await interleaved(bed.peers, options.connections, once);
  return bed.peers.map((peer) => {
    const sorted = ascending(times.get(peer)!);
    const result = { peer: peer.name, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
    say(`connection through ${peer.title}: ${digits(result.p50)} ms`);
    return result;
  });
}
