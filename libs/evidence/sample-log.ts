// A log in memory for the tests: everything in it is made by the same functions that make a real one.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { AgentId, OperationId, PersonId, RandomBytes, ReviewId, SessionId } from '@sallyport/core';
import type { BundleKind } from './bundle-records.js';
import { type BundleEntry, type BundleRecording, type BundleSource, writeBundle } from './bundle-write.js';
import { digestOf, toBase64, utf8 } from './bytes.js';
import { addSignatures, signCheckpoint } from './checkpoint.js';
import { type Entry, encodeEntry, keyIdOf } from './entry.js';
import type { Actor } from './event-bodies.js';
import type { EventBodies, EventName } from './events.js';
import {
  countersign,
  type FooterSigner,
  footerSigner,
  footerSignerOf,
  type SignedFooter,
  signAsAgent,
} from './footer.js';
import { rotateKey } from './key-rotation.js';
import { leafHash } from './merkle-hash.js';
import { consistencyProof } from './merkle-proof.js';
import { type HashReader, MerkleTree } from './merkle-tree.js';
import { formatVerifierKey, generateNoteKey, keyTypes, type NoteSigner } from './note-keys.js';
import type { Pins } from './pins.js';
import { RecordingChain } from './recording.js';
import { below, seededRandom } from './sample-random.js';
import { newBodyKey, openDocument, type SealedEntry, sealEntry } from './seal.js';
import { cosign, type WitnessState } from './witness.js';

export const origin = 'gateway.example/log';
export const logKey = generateNoteKey(origin, keyTypes.ed25519).signer;
export const nextLogKey = generateNoteKey(origin, keyTypes.ed25519).signer;
/** Somebody else's key with the log's name. */
export const forgedLogKey = generateNoteKey(origin, keyTypes.ed25519).signer;
export const witnessKeys = ['gateway.example/agent/1', 'gateway.example/agent/2'].map(
  (name) => generateNoteKey(name, keyTypes.cosignature).signer,
);
const agentKeys = [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'prime256v1' })];
const spki = (key: KeyObject): string => toBase64(key.export({ format: 'der', type: 'spki' }));

export const pins: Pins = {
  logKeys: [formatVerifierKey(logKey.key)],
  witnessKeys: witnessKeys.map(({ key }) => formatVerifierKey(key)),
  quorum: 2,
};

export interface StoredEntry extends Entry {
  readonly sealed: Uint8Array;
}

export const agents = ['agent-1', 'agent-2'] as unknown as readonly AgentId[];
const person = (name: string): Actor => ({ id: name as PersonId, class: 'person', name: `${name}@clinic.example` });
export const ada = person('ada');
export const grace = person('grace');
export const linus = person('linus');

export const policyText = (version: number): string => `@id("policy-${version}") permit(principal, action, resource);`;

export class SampleLog {
  readonly random: RandomBytes;
  readonly entries: StoredEntry[] = [];
  readonly notes: string[] = [];
  readonly recordings: BundleRecording[] = [];
  readonly keys = new Map<string, Uint8Array>();
  readonly policies = new Map<number, string>();
  readonly tree = new MerkleTree();
  readonly #nodes = new Map<string, Uint8Array>();
  readonly #witnesses: (WitnessState | undefined)[] = witnessKeys.map(() => undefined);
  readonly usedKeys = new Set<NoteSigner>();
  signer: NoteSigner = logKey;
  policyVersion = 0;
  #now = Date.UTC(2026, 10, 21, 9);
  #ids = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  now(): Date {
    this.#now += below(this.random, 2000);
    return new Date(this.#now);
  }

  /** Moves the clock, back too. */
  skip(milliseconds: number): void {
    this.#now += milliseconds;
  }

  id<T extends string>(noun: string): T {
    this.#ids += 1;
    return `${noun}-${this.#ids}` as T;
  }

  readonly read: HashReader = async (nodes) => nodes.map(({ level, index }) => this.#nodes.get(`${level}/${index}`)!);

  #keyFor(id: string): Uint8Array {
    const key = this.keys.get(id) ?? newBodyKey(this.random);
    this.keys.set(id, key);
    return key;
  }

  append<E extends EventName>(
    event: E,
    body: EventBodies[E],
    routing: {
      session?: SessionId;
      operation?: OperationId;
      review?: ReviewId;
      completed?: readonly OperationId[];
    } = {},
  ): void {
    const entry: SealedEntry = sealEntry({
      log: origin,
      event,
      at: this.now(),
      ...routing,
      body,
      key: this.#keyFor(routing.session ?? 'log'),
      random: this.random,
    });
    this.place(entry);
  }

  /** Gives an entry its place, as the leader does. */
  place(entry: SealedEntry): void {
    const sequenced = { ...entry, seq: this.entries.length };
    this.entries.push(sequenced);
    for (const { level, index, hash } of this.tree.append(leafHash(encodeEntry(sequenced))))
      this.#nodes.set(`${level}/${index}`, hash);
  }

  /** Signs a checkpoint and has `witnesses` of the agents cosign it. */
  async checkpoint(witnesses = 2): Promise<void> {
    const checkpoint = { origin, size: this.tree.size, root: this.tree.root() };
    this.usedKeys.add(this.signer);
    let note = signCheckpoint(checkpoint, this.signer);
    for (const [index, signer] of witnessKeys.slice(0, witnesses).entries()) {
      const state = this.#witnesses[index];
      const proof = await consistencyProof(state?.size ?? 0, checkpoint.size, this.read);
      const answer = cosign({ state, note, proof, logKey: this.signer.key, signer, now: this.now() });
      this.#witnesses[index] = answer.state;
      this.usedKeys.add(signer);
      note = addSignatures(note, [answer.cosignature]);
    }
    this.notes.push(note);
  }

  begin(): void {
    this.append('log.created', { origin, key: formatVerifierKey(logKey.key) });
    for (const [index, { publicKey }] of agentKeys.entries()) {
      this.append('agent.enrolled', {
        agent: agents[index]!,
        name: `agent ${index + 1}`,
        version: '0.1.0',
        publicKey: spki(publicKey),
        certificateSerial: `0${index}`,
        witnessKey: formatVerifierKey(witnessKeys[index]!.key),
      });
    }
    this.activate(1);
  }

  activate(version: number): void {
    this.policies.set(version, policyText(version));
    this.append('policy.activated', {
      version,
      digest: digestOf(utf8(policyText(version))),
      comment: 'in force',
      by: linus,
    });
    this.policyVersion = version;
  }

  rotate(): void {
    this.append('key.rotated', rotateKey(logKey, nextLogKey));
    this.signer = nextLogKey;
  }

  /** Destroys keys of sessions, on record in one entry. */
  erase(session: SessionId, ...further: readonly SessionId[]): void {
    for (const key of [session, ...further]) this.keys.delete(key);
    const more = further.length === 0 ? {} : { further };
    this.append('key.destroyed', { key: session, ...more, by: linus, reason: 'a person asked for it' });
  }

  record(session: SessionId, operation: OperationId | undefined, agent: number): SignedFooter {
    const agentChain = new RecordingChain({ session, ...(operation === undefined ? {} : { operation }) });
    const ownChain = new RecordingChain({ session, ...(operation === undefined ? {} : { operation }) });
    for (let count = 1 + below(this.random, 3); count > 0; count -= 1) {
      const chunk = agentChain.record(
        count % 2 === 0 ? 'toTarget' : 'toClient',
        this.random(1 + below(this.random, 60)),
        this.now(),
      );
      ownChain.add(chunk);
      this.recordings.push({ session, ...(operation === undefined ? {} : { operation }), chunk });
    }
    const signer: FooterSigner = footerSigner(agentKeys[agent]!.privateKey);
    this.usedKeys.add(this.signer);
    return countersign(signAsAgent(agentChain.footer(), signer), ownChain.footer(), footerSignerOf(this.signer));
  }

  source(kind: BundleKind = 'log', sessions: readonly SessionId[] = []): BundleSource {
    const { size, note } = { size: this.tree.size, note: this.notes.at(-1)! };
    const chosen = kind === 'log' ? this.entries : this.entries.filter((entry) => this.#belongs(entry, sessions));
    const entries = chosen.map((entry) => this.#disclosed(entry));
    // A whole log comes with every policy; a selection with those that decided something in it.
    const used =
      kind === 'log'
        ? [...this.policies.keys()].map((version) => `"policyVersion":${version},`).join()
        : entries.map(({ document }) => document).join();
    const recordings = this.recordings.filter(
      ({ session }) => this.keys.has(session) && (kind === 'log' || sessions.includes(session as SessionId)),
    );
    return {
      origin,
      kind,
      size,
      keys: [...this.usedKeys]
        .filter((signer) => kind === 'log' || note.includes(signer.key.name))
        .map(({ key }) => formatVerifierKey(key)),
      ...(kind === 'log' ? {} : { sessions }),
      checkpoints: kind === 'log' ? this.notes : [note],
      entries,
      policies: [...this.policies]
        .filter(([version]) => used.includes(`"policyVersion":${version},`))
        .map(([version, policy]) => ({ version, text: policy })),
      recordings,
      read: this.read,
    };
  }

  #belongs({ envelope: { session, event } }: StoredEntry, sessions: readonly SessionId[]): boolean {
    return (session !== undefined && sessions.includes(session)) || /^(review|policy|agent|key)\./.test(event);
  }

  #disclosed(entry: StoredEntry): BundleEntry {
    const key = this.keys.get(keyIdOf(entry.envelope));
    return { entry, ...(key === undefined ? {} : { document: openDocument(entry, key) }) };
  }

  async bundle(kind: BundleKind = 'log', sessions: readonly SessionId[] = []): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of writeBundle(this.source(kind, sessions))) lines.push(line);
    return lines;
  }
}
