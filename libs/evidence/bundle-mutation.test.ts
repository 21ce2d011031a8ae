import { rounds, sample } from '@sallyport/testkit/seeded';
import { expect, test } from 'vitest';
import { toBase64 } from './bytes.js';
import { canonicalJson, parseCanonical } from './canonical.js';
import { parseCheckpointText, signCheckpoint } from './checkpoint.js';
import { formatVerifierKey, type NoteSigner } from './note-keys.js';
import { parseNote } from './notes.js';
import type { Pins } from './pins.js';
import type { Report } from './report.js';
import { forgedLogKey, logKey, origin, pins, SampleLog, type StoredEntry } from './sample-log.js';
import { below, seededRandom } from './sample-random.js';
import { type SampleSession, sampleLog } from './sample-session.js';
import { bodyOf, openDocument, sealBody } from './seal.js';
import { verifyBundle } from './verify-bundle.js';

type Lines = readonly string[];

async function* from(lines: Lines): AsyncGenerator<string> {
  yield* lines;
}

const verify = (lines: Lines, held: Pins = pins): Promise<Report> => verifyBundle(from(lines), held);
const codes = ({ findings }: Report): string[] => [...new Set(findings.map(({ code }) => code))];

const typeOf = (line: string): string => (JSON.parse(line) as { type: string }).type;
const isType = (type: string) => (line: string) => typeOf(line) === type;
const count = (lines: Lines, type: string): number => lines.filter(isType(type)).length;

/** Makes the end record fit again, and puts one there: whoever changes a bundle does this too. */
function finished(lines: Lines): string[] {
  const rest = lines.filter((line) => typeOf(line) !== 'end');
  const end = {
    type: 'end',
    entries: count(rest, 'entry'),
    checkpoints: count(rest, 'checkpoint'),
    policies: count(rest, 'policy'),
    chunks: count(rest, 'recording'),
  };
  return [...rest, canonicalJson(end)];
}

/** Makes the header name the size of the last checkpoint that is left. */
function resized(lines: Lines): string[] {
  const last = lines.findLast(isType('checkpoint'));
  const { size } =
    last === undefined ? { size: 0 } : parseCheckpointText(parseNote((JSON.parse(last) as { note: string }).note).text);
  const header = JSON.parse(lines[0]!) as object;
  return [canonicalJson({ ...header, size }), ...lines.slice(1)];
}

/** A log with everything in it: denial, reviews of all kinds, an erased key, policy versions, recordings, two witnesses. */
async function madeOnce(): Promise<{ readonly log: SampleLog; readonly lines: Lines }> {
  const { log, sessions } = await sampleLog(24, { sessions: 2, steps: 10 });
  log.erase(sessions[1]!.id);
  await log.checkpoint();
  return { log, lines: Object.freeze(await log.bundle()) };
}

let made: ReturnType<typeof madeOnce> | undefined;
/** The same for all tests: each changes a copy of its lines. */
const realistic = (): ReturnType<typeof madeOnce> => (made ??= madeOnce());

/** The places of its records: all, or some of each kind. */
const places = (lines: Lines): number[] => {
  const kinds = [...new Set(lines.map(typeOf))];
  return kinds.flatMap((kind) => sample([...lines.keys()].filter((at) => typeOf(lines[at]!) === kind)));
};
const records = (lines: Lines): [at: number, line: string][] => places(lines).map((at) => [at, lines[at]!]);

test('the bundle that is mutated is clean, and has everything in it', async () => {
  const { lines } = await realistic();
  const report = await verify(lines);
  expect(report.findings).toEqual([]);
  expect(report.counts).toMatchObject({ sessions: 2 });
  for (const counter of ['reviews', 'policies', 'recordings', 'erased', 'checkpoints', 'cosignatures'] as const)
    expect(report.counts[counter]).toBeGreaterThan(0);
  expect(lines.join('')).toMatch(/operation\.denied/);
  expect(lines.join('')).toMatch(/review\.consumed/);
});

/** Ways to change one character somewhere in a value: a few places of each text, every number. */
function* flips(value: unknown, random: (limit: number) => number): Generator<unknown> {
  if (typeof value === 'string') {
    const places =
      value.length < 4 ? [...value].keys() : [0, value.length - 1, random(value.length), random(value.length)];
    for (const at of new Set(places))
      yield `${value.slice(0, at)}${flippedCharacter(value[at]!)}${value.slice(at + 1)}`;
  } else if (typeof value === 'number') yield value + 1;
  else if (Array.isArray(value))
    for (const [at, item] of value.entries()) for (const flipped of flips(item, random)) yield value.with(at, flipped);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value))
      for (const flipped of flips(member, random)) yield { ...value, [key]: flipped };
  }
}

const flippedCharacter = (character: string): string =>
  character === 'b'
    ? 'c'
    : character === 'B'
      ? 'C'
      : /[a-z]/.test(character)
        ? 'b'
        : /[A-Z]/.test(character)
          ? 'B'
          : character === '1'
            ? '2'
            : '1';

/** At most `most` of them, spread over all. */
function spread<T>(items: readonly T[], most: number): T[] {
  const step = Math.max(1, items.length / most);
  return Array.from({ length: Math.min(items.length, most) }, (_, index) => items[Math.floor(index * step)]!);
}

/** Some changed characters of a line: more where there are few lines of its kind. */
function someFlips(line: string, random: (limit: number) => number): string[] {
  const all = [...flips(parseCanonical(line.trim()), random)];
  const most = /^(entry|recording)$/.test(typeOf(line)) ? 2 : 8;
  return spread(all, most).map(canonicalJson);
}

test('one changed character anywhere in the bundle is found', async () => {
  const { lines } = await realistic();
  const random = seededRandom(5);
  let tried = 0;
  for (const [at, line] of records(lines)) {
    for (const flipped of someFlips(line, (limit) => below(random, limit))) {
      tried += 1;
      expect((await verify(lines.with(at, flipped))).ok, `line ${at}: ${flipped.slice(0, 200)}`).toBe(false);
    }
  }
  expect(tried).toBeGreaterThan(rounds(100));
});

test('another spelling of the same record is found', async () => {
  const { lines } = await realistic();
  for (const [at, line] of records(lines)) {
    const spelt = at % 2 === 0 ? line.replace('{', '{ ') : canonicalJson({ ...(JSON.parse(line) as object), extra: 1 });
    expect((await verify(lines.with(at, spelt))).ok, spelt.slice(0, 100)).toBe(false);
  }
});

test('a dropped record is found, but for an intermediate checkpoint, which only takes proof away', async () => {
  const { lines } = await realistic();
  const lastCheckpoint = lines.findLastIndex(isType('checkpoint'));
  for (const [at, line] of records(lines)) {
    const type = typeOf(line);
    const dropped = type === 'end' ? lines.toSpliced(at, 1) : finished(lines.toSpliced(at, 1));
    const provable = type !== 'checkpoint' || at === lastCheckpoint;
    expect((await verify(dropped)).ok, `line ${at}, a ${type}`).toBe(!provable);
  }
});

test('an intermediate checkpoint that was dropped is missed by nobody who pinned it', async () => {
  const { log, lines } = await realistic();
  const at = lines.findIndex(isType('checkpoint'));
  const report = await verify(finished(lines.toSpliced(at, 1)), { ...pins, checkpoints: log.notes });
  expect(report.findings).toEqual([]); // the tree itself still shows it: the pinned root is computed from the entries
});

test('a repeated record is found', async () => {
  const { lines } = await realistic();
  for (const [at, line] of records(lines)) {
    const doubled = lines.toSpliced(at, 0, line);
    expect((await verify(typeOf(line) === 'end' ? doubled : finished(doubled))).ok, `line ${at}`).toBe(false);
  }
});

test('two neighbours that change places are found, but for policies and whole recordings, whose order says nothing', async () => {
  const { lines } = await realistic();
  const unordered = (a: string, b: string): boolean => {
    const [first, second] = [JSON.parse(a), JSON.parse(b)] as { type: string; session?: string; operation?: string }[];
    if (first!.type !== second!.type) return false;
    return (
      first!.type === 'policy' ||
      (first!.type === 'recording' && (first!.session !== second!.session || first!.operation !== second!.operation))
    );
  };
  for (const at of places(lines.slice(0, -1))) {
    if (unordered(lines[at]!, lines[at + 1]!)) continue;
    const swapped = lines.with(at, lines[at + 1]!).with(at + 1, lines[at]!);
    expect((await verify(swapped)).ok, `line ${at}`).toBe(false);
  }
});

test('a bundle that ends early is found wherever it was cut', async () => {
  const { lines } = await realistic();
  for (const end of places(lines)) {
    expect((await verify(lines.slice(0, end))).ok, `cut after ${end} lines`).toBe(false);
    if (end > 0)
      expect(
        (await verify(finished(lines.slice(0, end)))).ok || end === lines.length - 1,
        `cut after ${end} lines, with an end record`,
      ).toBe(end === lines.length - 1);
  }
});

test('an entry, checkpoint, policy or recording from another log does not go unnoticed', async () => {
  const { lines } = await realistic();
  const other = await (await sampleLog(99, { sessions: 2, steps: 8 })).log.bundle();
  for (const type of ['entry', 'checkpoint', 'recording', 'policy']) {
    const foreign = other.findLast(isType(type))!;
    for (const at of [
      1,
      lines.findIndex(isType('entry')) + 5,
      lines.findLastIndex(isType('entry')),
      lines.length - 1,
    ]) {
      expect((await verify(finished(lines.toSpliced(at, 0, foreign)))).ok, `${type} at ${at}`).toBe(false);
    }
  }
});

// From here on the attacker recomputes everything that can be computed.

/** The same history with other entries, signed by `signer`, cosigned by nobody. */
async function rewritten(
  log: SampleLog,
  signer: NoteSigner,
  change: (entries: StoredEntry[]) => StoredEntry[],
): Promise<SampleLog> {
  const copy = new SampleLog(1);
  for (const [key, bytes] of log.keys) copy.keys.set(key, bytes);
  for (const [version, text] of log.policies) copy.policies.set(version, text);
  copy.recordings.push(...log.recordings);
  copy.signer = signer;
  for (const entry of change([...log.entries])) copy.place(entry);
  await resign(copy, signer);
  return copy;
}

async function resign(log: SampleLog, signer: NoteSigner): Promise<void> {
  log.usedKeys.add(signer);
  log.usedKeys.add(logKey); // its countersignatures are still in the recordings' footers
  log.notes.push(signCheckpoint({ origin, size: log.tree.size, root: log.tree.root() }, signer));
}

/** An entry with another time, sealed anew as the log itself would: nothing but the tree's history tells it from the truth. */
const moved = (log: SampleLog, entry: StoredEntry, at: string): StoredEntry => {
  const key = log.keys.get('log')!;
  const body = bodyOf(openDocument(entry, key));
  return { seq: entry.seq, ...sealBody({ envelope: { ...entry.envelope, at }, body, key, random: log.random }) };
};

const renamed = (log: SampleLog) => (entries: StoredEntry[]) =>
  entries.with(1, moved(log, entries[1]!, '2026-11-21T09:00:00.001Z'));
const extended = (log: SampleLog) => (entries: StoredEntry[]) => [
  ...entries,
  moved(log, entries[1]!, entries.at(-1)!.envelope.at),
];
const shortened = () => (entries: StoredEntry[]) =>
  entries.filter(({ envelope: { session } }) => session === undefined || session !== entries[4]!.envelope.session);

const histories: readonly [string, (log: SampleLog) => (entries: StoredEntry[]) => StoredEntry[]][] = [
  ['an entry was changed', renamed],
  ['a whole session was left out', shortened],
  ['an entry was put in', extended],
];

test.each(histories)('a log in which %s, signed by another key, is found', async (_name, change) => {
  const { log } = await sampleLog(14, { sessions: 3, steps: 9 });
  const forged = await rewritten(log, forgedLogKey, change(log));
  expect(codes(await verify(await forged.bundle()))).toContain('key.untrusted');
});

test.each(histories)('a log in which %s, signed by the stolen key, has no witness', async (_name, change) => {
  const { log } = await sampleLog(14, { sessions: 3, steps: 9 });
  const stolen = await rewritten(log, logKey, change(log));
  expect(codes(await verify(await stolen.bundle()))).toContain('witness.none');
});

test.each(histories)(
  'a log in which %s, signed by the stolen key, differs from a checkpoint that was pinned',
  async (name, change) => {
    const { log } = await sampleLog(14, { sessions: 3, steps: 9 });
    const stolen = await rewritten(log, logKey, change(log));
    const held = { logKeys: pins.logKeys, checkpoints: [log.notes.at(-1)!] };
    expect(codes(await verify(await log.bundle(), held))).toEqual([]);
    expect(codes(await verify(await stolen.bundle(), held)).filter((code) => code.startsWith('log.'))).not.toEqual(
      name === 'an entry was put in' ? ['log.forked'] : [],
    );
  },
);

test('a checkpoint that bears a witness’s cosignature and not the log’s is enough to find a rewritten log', async () => {
  const { log } = await sampleLog(14, { sessions: 3, steps: 9 });
  const stolen = await rewritten(log, logKey, renamed(log));
  const note = parseNote(log.notes.at(-1)!);
  const cosigned = `${note.text}\n${log.notes
    .at(-1)!
    .split('\n')
    .filter((line) => line.startsWith('— gateway.example/agent/1'))
    .join('\n')}\n`;
  const report = await verify(await stolen.bundle(), {
    logKeys: pins.logKeys,
    witnessKeys: pins.witnessKeys!,
    quorum: 0,
    checkpoints: [cosigned],
  });
  expect(codes(report)).toEqual(['log.forked']);
});

test('without a pinned checkpoint or witness a log rewritten with its own key cannot be found, and the report says so', async () => {
  const { log } = await sampleLog(14, { sessions: 3, steps: 9 });
  const stolen = await rewritten(log, logKey, renamed(log));
  const report = await verify(await stolen.bundle(), { logKeys: pins.logKeys });
  expect(codes(report)).toEqual([]);
  expect(report.notProven.join('\n')).toMatch(/cut back, replaced or re-signed/);
});

/** What a log looked like at one of its checkpoints: a backup put back in silence. */
function rolledBack(lines: Lines): string[] {
  const checkpoints = [...lines.entries()].filter(([, line]) => typeOf(line) === 'checkpoint').map(([at]) => at);
  const cut = lines.slice(0, checkpoints.at(-2)! + 1);
  return finished(resized(cut));
}

test('a log cut back to an earlier checkpoint is found by whoever pinned a later one', async () => {
  const { log, sessions } = await sampleLog(16, { sessions: 2, steps: 6 });
  await afterwards(log, sessions);
  const back = rolledBack(await log.bundle());
  const known = (await verify(back)).findings.filter(
    ({ code }) => !code.startsWith('recording.') && code !== 'body.withheld' && code !== 'policy.unknown',
  );
  expect(known).toEqual([]); // an old bundle and one that was cut back are the same bytes
  expect(codes(await verify(back, { ...pins, checkpoints: [log.notes.at(-1)!] }))).toContain('log.truncated');
});

test('a log that went on differently after it was cut back is found as a fork', async () => {
  const { log, sessions } = await sampleLog(16, { sessions: 2, steps: 6 });
  const size = log.tree.size;
  await afterwards(log, sessions);
  const fork = await rewritten(log, logKey, (entries) => entries.slice(0, size));
  for (let extra = 0; extra < 5; extra += 1)
    fork.append('agent.connected', { agent: 'agent-2' as never, name: 'agent 2' });
  await resign(fork, logKey);
  const held = { ...pins, checkpoints: [log.notes.at(-1)!] };
  expect(codes(await verify(await fork.bundle(), held))).toContain('log.forked');
});

async function afterwards(log: SampleLog, _sessions: readonly SampleSession[]): Promise<void> {
  log.append('agent.connected', { agent: 'agent-1' as never, name: 'agent 1' });
  log.append('agent.disconnected', { agent: 'agent-1' as never, name: 'agent 1' });
  await log.checkpoint();
}

test('a body that is sealed anew with other words, or with another salt, is found', async () => {
  const { lines } = await realistic();
  let tried = 0;
  for (const [at, line] of records(lines)) {
    const record = JSON.parse(line) as { document?: string };
    if (record.document === undefined) continue;
    const { body, salt } = JSON.parse(record.document) as { body: object; salt: string };
    const other =
      at % 2 === 0 ? { body: { ...body, text: 'nothing' }, salt } : { body, salt: toBase64(new Uint8Array(16)) };
    const changed = canonicalJson({ ...record, document: canonicalJson(other) });
    expect(codes(await verify(lines.with(at, changed)))).toContain('body.changed');
    tried += 1;
  }
  expect(tried).toBeGreaterThan(rounds(15));
});

test('a body that is held back with a word of erasure that is not on record is found', async () => {
  const { lines } = await realistic();
  for (const [at, line] of records(lines)) {
    const { document, ...rest } = JSON.parse(line) as { document?: string };
    if (document !== undefined)
      expect(codes(await verify(lines.with(at, canonicalJson(rest)))), `line ${at}`).toContain('body.withheld');
  }
});

test('a recording whose chunk was changed and its chain computed anew is found', async () => {
  const { lines } = await realistic();
  for (const [at, line] of records(lines)) {
    const record = JSON.parse(line) as { type: string; chunk: string };
    if (record.type !== 'recording') continue;
    const chunk = Buffer.from(record.chunk, 'base64');
    chunk[chunk.length - 1]! ^= 1;
    expect(
      codes(await verify(lines.with(at, canonicalJson({ ...record, chunk: chunk.toString('base64') })))),
      `line ${at}`,
    ).toContain('recording.changed');
  }
});

test('in a selection every changed, dropped, repeated or exchanged record is found too', async () => {
  const { log, sessions } = await sampleLog(14, { sessions: 1, steps: 7 });
  const lines = await log.bundle('selection', [sessions[0]!.id]);
  expect((await verify(lines)).findings).toEqual([]);
  const random = seededRandom(6);
  // What nothing in the selection rests on may be left out without a trace: it is the exporter who chooses.
  const restedOn = (line: string): boolean =>
    typeOf(line) !== 'entry' ||
    /"event\\":\\"(session|operation|review\.(requested|approved|rejected|consumed))/.test(line);
  for (const [at, line] of records(lines)) {
    for (const flipped of someFlips(line, (limit) => below(random, limit))) {
      expect((await verify(lines.with(at, flipped))).ok, flipped.slice(0, 200)).toBe(false);
    }
    if (typeOf(line) === 'end') continue;
    expect((await verify(finished(lines.toSpliced(at, 0, line)))).ok, `repeated line ${at}`).toBe(false);
    const dropped = await verify(finished(lines.toSpliced(at, 1)));
    if (restedOn(line))
      expect(dropped.ok && dropped.openSessions.length === 0, `dropped line ${at}: ${line.slice(0, 160)}`).toBe(false);
  }
  const pinned = formatVerifierKey(forgedLogKey.key);
  expect(codes(await verify(lines, { logKeys: [pinned] }))).toContain('key.untrusted');
});
