import type { BundleRecord, EndRecord, EntryRecord, HeaderRecord } from './bundle-records.js';
import { utf8 } from './bytes.js';
import { decodeEntry } from './entry.js';
import type { ReadPins } from './pins.js';
import type { Findings, Range, Report } from './report.js';
import { CheckpointCheck } from './verify-checkpoints.js';
import { EntryCheck } from './verify-entries.js';
import type { Checks } from './verify-events.js';
import { KeyCheck } from './verify-keys.js';
import { PolicyCheck } from './verify-policies.js';
import { RecordingCheck } from './verify-recordings.js';
import { ReviewCheck } from './verify-reviews.js';
import { SessionCheck } from './verify-sessions.js';
import { notProvenBy, provenBy } from './verify-summary.js';
import { TreeCheck } from './verify-tree.js';

/** Sections in their order: a record never stands before one of a lower rank. */
const ranks: Readonly<Record<BundleRecord['type'], number>> = {
  header: 0,
  policy: 1,
  checkpoint: 2,
  entry: 2,
  consistency: 3,
  recording: 4,
  end: 5,
};

function checksFor(findings: Findings, pins: ReadPins): Checks {
  const keys = new KeyCheck(findings, pins);
  const reviews = new ReviewCheck(findings);
  return {
    findings,
    keys,
    reviews,
    policies: new PolicyCheck(findings),
    recordings: new RecordingCheck(findings, pins, keys),
    sessions: new SessionCheck(findings, reviews),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

/** One verification: records in, a report out. Holds what is open, never what is done. */
export class Verification {
  readonly #findings: Findings;
  readonly #header: HeaderRecord;
  readonly #pins: ReadPins;
  readonly #checks: Checks;
  readonly #checkpoints: CheckpointCheck;
  readonly #tree: TreeCheck;
  readonly #entries: EntryCheck;
  #rank = 0;
  #end: EndRecord | undefined;

  constructor(findings: Findings, header: HeaderRecord, pins: ReadPins) {
    this.#findings = findings;
    this.#header = header;
    this.#pins = pins;
    this.#checks = checksFor(findings, pins);
    this.#checkpoints = new CheckpointCheck(findings, pins, this.#checks.keys);
    this.#tree = new TreeCheck(findings, header, pins);
    this.#entries = new EntryCheck(header, pins, this.#checks);
    this.#checks.keys.list(header.keys);
    if (header.origin !== pins.origin)
      findings.add('header.origin', `this bundle is of log '${header.origin}', and the pinned key of '${pins.origin}'`);
  }

  take(record: BundleRecord): void {
    const misplaced = ranks[record.type] < this.#rank || record.type === 'header' || this.#end !== undefined;
    if (misplaced) this.#findings.add('line.order', `a '${record.type}' record stands in the wrong place`);
    this.#rank = Math.max(this.#rank, ranks[record.type]);
    this.#dispatch(record);
    this.#findings.entry = undefined;
  }

  #dispatch(record: BundleRecord): void {
    if (record.type === 'policy') this.#checks.policies.text(record.version, record.text);
    else if (record.type === 'checkpoint') this.#checkpoint(record.note);
    else if (record.type === 'entry') this.#entry(record);
    else if (record.type === 'consistency') this.#tree.consistency(record);
    else if (record.type === 'recording') this.#checks.recordings.chunk(record);
    else if (record.type === 'end') this.#end = record;
  }

  #checkpoint(note: string): void {
    const checkpoint = this.#checkpoints.take(note, this.#entries.latest);
    if (checkpoint !== undefined) this.#tree.checkpoint(checkpoint);
  }

  #entry(record: EntryRecord): void {
    try {
      const leaf = utf8(record.leaf);
      const entry = decodeEntry(leaf);
      this.#findings.entry = entry.seq;
      this.#tree.entry(entry, leaf, record);
      this.#entries.take(entry, record);
    } catch (error) {
      this.#findings.add('entry.malformed', `an entry cannot be read: ${messageOf(error)}`);
    }
  }

  finish(): Report {
    const findings = this.#findings;
    const openSessions = this.#finishChecks();
    const size = this.#checkpoints.largest?.size ?? 0;
    const { witnessed } = this.#checkpoints;
    const unwitnessed: Range[] = witnessed < size ? [{ from: witnessed, to: size }] : [];
    const checkpoint = this.#checkpoints.describe();
    const summed = { header: this.#header, pins: this.#pins, findings, unwitnessed, witnessed, checkpoint };
    return {
      ok: findings.total === 0,
      kind: this.#header.kind,
      origin: this.#header.origin,
      size,
      ...(this.#tree.root === undefined ? {} : { root: this.#tree.root }),
      findings: findings.list,
      findingCount: findings.total,
      proven: findings.total === 0 ? provenBy(summed) : [],
      notProven: notProvenBy(summed),
      unwitnessed,
      openSessions: openSessions.slice(0, 100),
      counts: { ...findings.counts },
    };
  }

  #finishChecks(): string[] {
    const { keys, policies, recordings, sessions } = this.#checks;
    this.#tree.finish(this.#header);
    this.#entries.finish();
    policies.finish(this.#header.kind === 'log');
    recordings.finish();
    keys.finish();
    this.#checkEnd();
    this.#checkWitnesses();
    const open = sessions.finish();
    this.#findings.counts.openSessions = open.length;
    return open;
  }

  #checkEnd(): void {
    const { counts } = this.#findings;
    if (this.#end === undefined) this.#findings.add('bundle.cut', 'the bundle has no end record: it was cut off');
    else if (
      (['entries', 'checkpoints', 'policies', 'chunks'] as const).some((name) => this.#end![name] !== counts[name])
    )
      this.#findings.add('bundle.counts', 'the end record counts other records than the bundle holds');
  }

  #checkWitnesses(): void {
    const { quorumOf } = this.#pins;
    const { largest, witnessed } = this.#checkpoints;
    if (quorumOf > 0 && witnessed === 0 && (largest?.size ?? 0) > 0)
      this.#findings.add('witness.none', `no checkpoint bears the cosignatures of ${quorumOf} pinned witnesses`);
  }
}
