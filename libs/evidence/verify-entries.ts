import type { EntryRecord, HeaderRecord } from './bundle-records.js';
import { digestOf, fromBase64 } from './bytes.js';
import { destroyedIn } from './destroyed-keys.js';
import { type Entry, keyIdOf } from './entry.js';
import type { KeyDestroyed } from './event-bodies.js';
import { isEventName } from './events.js';
import type { ReadPins } from './pins.js';
import type { Findings } from './report.js';
import { bodyOf, openDocument } from './seal.js';
import { type Checks, takeBody } from './verify-events.js';

/** Entries one by one: time, origin, body, and then what the event means to each check. */
export class EntryCheck {
  readonly #findings: Findings;
  readonly #header: HeaderRecord;
  readonly #pins: ReadPins;
  readonly #checks: Checks;
  readonly #withheld = new Map<string, number>();
  readonly #destroyed = new Set<string>();
  readonly #listed: ReadonlySet<string>;
  /** The latest time so far, in milliseconds. */
  latest = Number.NEGATIVE_INFINITY;

  constructor(header: HeaderRecord, pins: ReadPins, checks: Checks) {
    this.#findings = checks.findings;
    this.#header = header;
    this.#pins = pins;
    this.#checks = checks;
    this.#listed = new Set(header.sessions ?? []);
  }

  take(entry: Entry, record: EntryRecord): void {
    this.#findings.counts.entries += 1;
    this.#time(entry);
    if (entry.envelope.log !== this.#pins.origin)
      this.#findings.add('entry.origin', `entry ${entry.seq} belongs to log '${entry.envelope.log}'`);
    const document = this.#document(entry, record);
    if (document === undefined) this.#hidden(entry, record);
    else this.#disclosed(entry, document);
  }

  #time({ seq, envelope }: Entry): void {
    const at = Date.parse(envelope.at);
    if (at + this.#pins.toleranceMs < this.latest)
      this.#findings.add('time.decreased', `entry ${seq} is from ${envelope.at}, long before an earlier entry`);
    this.latest = Math.max(this.latest, at);
  }

  #document(entry: Entry, { document, sealed }: EntryRecord): string | undefined {
    if (document !== undefined) return document;
    const key = this.#pins.bodyKeys?.get(keyIdOf(entry.envelope));
    if (sealed === undefined || key === undefined) return undefined;
    try {
      return openDocument({ ...entry, sealed: fromBase64(sealed, 'a sealed body') }, key);
    } catch {
      this.#findings.add(
        'body.does-not-open',
        `the sealed body of entry ${entry.seq} does not open with the key given for it`,
      );
      return undefined;
    }
  }

  #disclosed(entry: Entry, document: string): void {
    const { event } = entry.envelope;
    if (digestOf(document) !== entry.bodyDigest) {
      this.#findings.add('body.changed', `the body of entry ${entry.seq} is not the one that its leaf names`);
      return;
    }
    if (!isEventName(event)) {
      this.#findings.leaveOpen(`what entries of the event '${event}' say: this verifier does not know it`);
      return;
    }
    try {
      const body = bodyOf(document);
      if (event === 'key.destroyed') for (const key of destroyedIn(body as KeyDestroyed)) this.#destroyed.add(key);
      if (this.#concerns(entry)) takeBody(entry, event, body, this.#checks);
    } catch (error) {
      this.#findings.add(
        'body.malformed',
        `the body of entry ${entry.seq} is not that of '${event}': ${error instanceof Error ? error.message : 'unknown'}`,
      );
    }
  }

  /** In a selection, sessions that are not whole in it are not judged; reviews of theirs may be needed by others. */
  #concerns({ envelope: { session, event, log } }: Entry): boolean {
    if (log !== this.#pins.origin) return false;
    if (
      this.#header.kind === 'log' ||
      session === undefined ||
      this.#listed.has(session) ||
      event.startsWith('review.')
    )
      return true;
    this.#findings.add(
      'entry.unlisted-session',
      `an entry belongs to session '${session}', which the header does not name`,
    );
    return false;
  }

  #hidden(entry: Entry, { sealed }: EntryRecord): void {
    const { envelope, seq } = entry;
    this.#findings.counts[sealed === undefined ? 'erased' : 'sealed'] += 1;
    const key = keyIdOf(envelope);
    if (!this.#withheld.has(key)) this.#withheld.set(key, seq);
    if (envelope.review !== undefined) this.#checks.reviews.hide(envelope.review);
    if (envelope.session === undefined || envelope.event.startsWith('review.') || !this.#concerns(entry)) return;
    if (envelope.event === 'session.started') this.#checks.sessions.started(envelope.session, undefined);
    else this.#checks.sessions.hide(envelope.session);
    if (envelope.event === 'session.ended') this.#checks.sessions.ended(envelope.session, undefined);
  }

  finish(): void {
    this.#finishWithheld();
    for (const session of this.#listed) {
      if (!this.#checks.sessions.has(session))
        this.#findings.add('session.missing', `session '${session}' is named in the header and not in the bundle`);
    }
    if (this.#header.kind === 'log' && this.#listed.size > 0)
      this.#findings.add('header.sessions', 'the header of a whole log names sessions');
  }

  #finishWithheld(): void {
    let [erased, sealed] = [0, 0];
    for (const [key, entry] of this.#withheld) {
      if (this.#destroyed.has(key)) erased += 1;
      else if (this.#pins.allowSealed === true) sealed += 1;
      else
        this.#findings.add(
          'body.withheld',
          `a body of '${key}' is not in the bundle, and no destruction of its key is on record`,
          { entry },
        );
    }
    if (erased > 0)
      this.#findings.leaveOpen(`what was sealed under ${erased} keys that are destroyed, as the log records`);
    if (sealed > 0) this.#findings.leaveOpen(`what is sealed under ${sealed} keys that were not given`);
  }
}
