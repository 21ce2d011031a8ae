export * from './ai-event-bodies.js';
export { type BundleKind, bundleFormat, maxLineBytes, splitLines } from './bundle-records.js';
export * from './bundle-write.js';
export { canonicalJson, parseCanonical } from './canonical.js';
export * from './checkpoint.js';
export * from './clip.js';
export * from './destroyed-keys.js';
export {
  decodeEntry,
  type Entry,
  type Envelope,
  encodeEntry,
  keyIdOf,
  leafText,
  logKeyId,
  maxLeafBytes,
  type UnsequencedEntry,
} from './entry.js';
export * from './event-bodies.js';
export * from './events.js';
export * from './footer.js';
export * from './key-rotation.js';
export * from './merkle-hash.js';
export * from './merkle-proof.js';
export { frontierOf, type HashReader, MerkleTree, type NodeId, type TreeNode } from './merkle-tree.js';
export {
  formatVerifierKey,
  generateNoteKey,
  keyTypes,
  type NoteSigner,
  parseSecretKey,
  parseVerifierKey,
  spkiOf,
  type VerifierKey,
} from './note-keys.js';
export * from './notes.js';
export type { Pins } from './pins.js';
export * from './recording.js';
export type { Finding, Range, Report } from './report.js';
export * from './seal.js';
export { verifyBundle } from './verify-bundle.js';
export * from './witness.js';
