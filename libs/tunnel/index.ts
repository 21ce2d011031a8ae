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
export { type Enrolled, type EnrolOptions, enrol, splitAddress } from './enrolment-client.js';
export { createEnrolmentKey, type EnrolmentKey, formatEnrolmentKey, parseEnrolmentKey } from './enrolment-key.js';
export { type Enrolment, EnrolmentServer, type EnrolmentServerOptions } from './enrolment-server.js';
export { decodeBatch, encodeBatch, maxFrameBytes } from './frames.js';
export type { Hello, OpenSession, TargetOffer, WitnessRequest } from './messages.js';
export { protocolRange } from './protocol-version.js';
export type { ServerTls } from './transport.js';
export {
  type AgentView,
  type OpenRequest,
  opened,
  type ReachRequest,
  type TunnelHooks,
  TunnelServer,
  type TunnelServerOptions,
  type WitnessQuestion,
} from './tunnel-server.js';
