import { sha256 } from './bytes.js';

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** SHA-256(0x00 ‖ leaf): RFC 9162, 2.1.1. */
export const leafHash = (leaf: Uint8Array): Uint8Array => sha256(leafPrefix, leaf);

/** SHA-256(0x01 ‖ left ‖ right): the prefixes keep a node from passing for a leaf. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(nodePrefix, left, right);

/** The root of a tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (): Uint8Array => sha256();
