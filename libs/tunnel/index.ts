export { splitAddress } from './address.js';
export { type AgentIdentity, AgentLink, type AgentLinkOptions, type HelloFacts } from './agent-link.js';
export { createAgentRequest, createAuthority, issueAgentCertificate, issueServerCertificate } from './authority.js';
export {
  belongsTogether,
  fingerprint,
  type IssuedCertificate,
  type KeyPair,
  lifetimes,
  readCertificate,
} from './certificates.js';
export { type Enrolled, type EnrolOptions, enrol } from './enrolment-client.js';
export { createEnrolmentKey, type EnrolmentKey, formatEnrolmentKey, parseEnrolmentKey } from './enrolment-key.js';
export { type Enrolment, EnrolmentServer, type EnrolmentServerOptions } from './enrolment-server.js';
export { decodeBatch, encodeBatch, maxFrameBytes } from './frames.js';
export { expectPassingBytes } from './heap.js';
export type { Hello, OpenSession, TargetOffer, WitnessRequest } from './messages.js';
export { protocolRange } from './protocol-version.js';
export type { ServerTls } from './transport.js';
export { opened, TunnelServer } from './tunnel-server.js';
export type {
  AgentView,
  OpenRequest,
  ReachRequest,
  TunnelHooks,
  TunnelServerOptions,
  WitnessQuestion,
} from './tunnel-server-options.js';
