import type { Bed } from './bed.js';
import type { Peer } from './peer.js';
import { targetEnvironment } from './target.js';

export const directPeers = ({ installation, certificates }: Bed): Peer[] => [
  {
    name: 'direct',
    title: 'direct, TLS',
    processes: [],
    env: async () => targetEnvironment(installation, installation.target.port, certificates.files),
  },
  {
    name: 'direct-plain',
    title: 'direct, no TLS',
    processes: [],
    rare: true,
    env: async () => targetEnvironment(installation),
  },
];
