export { type FixedClock, fixedClock, seededNumbers, seededRandom } from './clock.js';
export { type TestDatabase, type TestDatabaseOptions, testDatabase } from './database.js';
export {
  audience,
  cliClientId,
  consoleClientId,
  type IssuerOptions,
  pkcePair,
  signingKey,
  type TestIssuer,
  type Tokens,
  testIssuer,
} from './issuer.js';
export type { Machine } from './issuer-provider.js';
export { type PeerName, peer, peerMissing, type SkippableTest } from './peer.js';
export { type CastName, cast, type Person } from './people.js';
