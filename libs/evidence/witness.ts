import { GatewayError } from '@sallyport/core';
import { fromBase64, toBase64 } from './bytes.js';
import { formatSignature, openCheckpoint } from './checkpoint.js';
import { rootOf, verifyConsistency } from './merkle-proof.js';
import { type HashReader } from './merkle-tree.js';
import type { NoteSigner, VerifierKey } from './note-keys.js';
import { cosignText } from './notes.js';

/** The last tree head of one log that a witness vouched for; small enough for a file of its own. */
export interface WitnessState {
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

export interface CosignRequest {
  /** Undefined before the first checkpoint of this origin. */
  readonly state: WitnessState | undefined;
  /** The signed checkpoint. */
  readonly note: string;
  /** From the state's size to the checkpoint's: `consistencyProof(state?.size ?? 0, size)`. */
  readonly proof: readonly Uint8Array[];
  /** Pinned when the agent enrolled. */
  readonly logKey: VerifierKey;
  readonly signer: NoteSigner;
  readonly now: Date;
}

const inconsistent = (message: string, details: Readonly<Record<string, unknown>>): GatewayError =>
  new GatewayError('EVIDENCE_INCONSISTENT', message, {
    details,
    hint: 'the log’s database may have been rolled back or replaced: do not start it again before that is explained',
  });

/**
 * One step of a witness (c2sp.org/tlog-witness): the log's signature, then that nothing it vouched for was taken back.
 * INVARIANT: the caller stores the new state durably, one request at a time, before it hands the cosignature out;
 * otherwise two racing requests, or a crash, make it vouch for two histories.
 * Throws EVIDENCE_INCONSISTENT, and the state stays as it was.
 */
export function cosign({ state, note, proof, logKey, signer, now }: CosignRequest): {
  readonly state: WitnessState;
  readonly cosignature: string;
} {
  const { checkpoint, note: parsed } = openCheckpoint(note, logKey);
  const { origin, size, root } = checkpoint;
  const from =
    state === undefined ? undefined : { size: state.size, root: fromBase64(state.root, 'a stored root', 32) };
  if (state !== undefined && state.origin !== origin)
    throw inconsistent(`this state belongs to log '${state.origin}'`, { origin });
  if (from !== undefined && size < from.size)
    throw inconsistent('the log is smaller than it was', { size, witnessed: from.size });
  const consistent =
    from === undefined
      ? proof.length === 0
      : verifyConsistency({ fromSize: from.size, fromRoot: from.root, toSize: size, toRoot: root, proof });
  if (!consistent)
    throw inconsistent('the log is not a continuation of what was witnessed', { size, witnessed: from?.size ?? 0 });
  return {
    state: { origin, size, root: toBase64(root) },
    cosignature: formatSignature(cosignText(parsed.text, signer, now)),
  };
}

/**
 * What the control plane checks before it signs anything: that its own tree still holds what a witness presents.
 * Throws EVIDENCE_INCONSISTENT when it is smaller or another: the database was rolled back or replaced.
 */
export async function checkWitnessed(
  witnessed: WitnessState,
  tree: { readonly origin: string; readonly size: number; readonly read: HashReader },
): Promise<void> {
  if (witnessed.origin !== tree.origin) return; // the log before a recorded restore: another history, closed by its own name
  const details = { size: tree.size, witnessed: witnessed.size };
  if (witnessed.size > tree.size) throw inconsistent('a witness has seen more of this log than there is', details);
  const root = toBase64(await rootOf(witnessed.size, tree.read));
  if (root !== witnessed.root) throw inconsistent('a witness has seen another history of this log', details);
}
