import type { RecordingRecord } from './bundle-records.js';
import { digestOf, fromBase64, isDigest } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { type SignedFooter, verifyFooter } from './footer.js';
import { spkiOf } from './note-keys.js';
import type { ReadPins } from './pins.js';
import { RecordingChain, type RecordingId } from './recording.js';
import type { Findings } from './report.js';
import type { KeyCheck } from './verify-keys.js';

interface Expected {
  readonly footer: string;
  readonly entry: number | undefined;
}

const nameOf = ({ session, operation }: { readonly session: string; readonly operation?: string }): string =>
  `${session}/${operation ?? ''}`;

/** Recordings against the footers on record, and the footers' signatures. */
export class RecordingCheck {
  readonly #findings: Findings;
  readonly #pins: ReadPins;
  readonly #keys: KeyCheck;
  /** An agent's public keys by digest, as enrolled on record. */
  readonly #agents = new Map<string, { readonly agent: string; readonly publicKey: Uint8Array }>();
  readonly #expected = new Map<string, Expected>();
  readonly #unsigned: string[] = [];
  #signed = 0;
  #current: { readonly name: string; readonly chain: RecordingChain } | undefined;

  constructor(findings: Findings, pins: ReadPins, keys: KeyCheck) {
    this.#findings = findings;
    this.#pins = pins;
    this.#keys = keys;
  }

  agentKey(agent: string, publicKey: string): void {
    const bytes = fromBase64(publicKey, 'a public key');
    this.#agents.set(digestOf(bytes), { agent, publicKey: bytes });
  }

  /** A footer that an entry carries. `agent` is the one that the session was started with. */
  footer(signed: SignedFooter, id: RecordingId, agent: string | undefined): void {
    const name = nameOf(signed.footer);
    if (name !== nameOf(id))
      this.#findings.add('recording.misplaced', 'an entry carries the footer of another recording');
    if (this.#expected.has(name))
      this.#findings.add('recording.repeated', 'two entries carry a footer of the same recording');
    if (!isDigest(signed.footer.lastHash)) this.#findings.add('recording.malformed', 'a footer names no hash');
    this.#expected.set(name, { footer: canonicalJson(signed.footer), entry: this.#findings.entry });
    this.#controlPlane(signed);
    this.#agent(signed, agent);
  }

  #controlPlane(signed: SignedFooter): void {
    const key = signed.controlPlane && this.#keys.bySpki(signed.controlPlane.key);
    if (key === undefined || !verifyFooter('control-plane', signed, spkiOf(key))) {
      this.#findings.add('recording.unsigned', 'a recording is not countersigned by a key of this log');
    } else this.#keys.use(key);
  }

  #agent(signed: SignedFooter, agent: string | undefined): void {
    if (signed.agent === undefined) {
      this.#unsigned.push(nameOf(signed.footer));
      return;
    }
    const known = this.#agents.get(signed.agent.key);
    if (known === undefined)
      this.#findings.add('recording.unknown-signer', 'a recording is signed by a key that no agent was enrolled with');
    else if (known.agent !== agent)
      this.#findings.add('recording.other-agent', 'a recording is signed by an agent that did not serve its session');
    else if (!verifyFooter('agent', signed, known.publicKey))
      this.#findings.add('recording.bad-signature', 'a recording is not what the agent signed');
    else this.#signed += 1;
  }

  chunk(record: RecordingRecord): void {
    this.#findings.counts.chunks += 1;
    const name = nameOf(record);
    if (this.#current?.name !== name) {
      this.#close();
      this.#current = { name, chain: new RecordingChain(record as unknown as RecordingId) };
    }
    try {
      const { payload } = this.#current.chain.add(fromBase64(record.chunk, 'a chunk'));
      for (const found of this.#pins.scan?.(payload) ?? [])
        this.#findings.add('recording.unmasked', `a recording holds what should have been masked: ${found}`);
    } catch (error) {
      this.#findings.add(
        'recording.chunk',
        `a chunk of a recording is wrong: ${error instanceof Error ? error.message : 'unknown'}`,
      );
    }
  }

  #close(): void {
    if (this.#current === undefined) return;
    const { name, chain } = this.#current;
    const expected = this.#expected.get(name);
    this.#expected.delete(name);
    this.#findings.counts.recordings += 1;
    if (expected === undefined)
      this.#findings.add('recording.unknown', 'a recording belongs to no entry of this bundle, or comes twice');
    else if (canonicalJson(chain.footer()) !== expected.footer)
      this.#findings.add(
        'recording.changed',
        'a recording is not the one whose footer is on record',
        at(expected.entry),
      );
    this.#current = undefined;
  }

  finish(): void {
    this.#close();
    for (const { footer, entry } of this.#expected.values()) {
      if ((JSON.parse(footer) as { readonly chunks: number }).chunks > 0)
        this.#findings.add('recording.missing', 'a recording that is on record is not in the bundle', at(entry));
    }
    if (this.#unsigned.length > 0) this.#findings.leaveOpen(unsignedText(this.#unsigned));
    if (this.#signed > 0) this.#findings.counts.agentSigned = this.#signed;
    if (this.#pins.scan === undefined && this.#findings.counts.recordings > 0)
      this.#findings.leaveOpen('that recordings hold no value that should have been masked: no scanner was given');
  }
}

const listed = 20;

/** A session that broke in the middle of a response leaves one: the agent never came to sign it. */
const unsignedText = (names: readonly string[]): string => {
  const more = names.length > listed ? ` and ${names.length - listed} more` : '';
  return `that ${names.length} recordings are what the agent sent: it signed none of them, the control plane alone vouches for ${names
    .slice(0, listed)
    .join(', ')}${more}`;
};

const at = (entry: number | undefined): { readonly entry?: number } => (entry === undefined ? {} : { entry });
