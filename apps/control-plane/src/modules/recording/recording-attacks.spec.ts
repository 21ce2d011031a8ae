/** What somebody who owns the tables, or carries an export, can do to recordings: each is titled by the attack, and found. */
import type { SessionId } from '@sallyport/core';
import { type Report, verifyBundle } from '@sallyport/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  activatePolicy,
  allow,
  closing,
  context,
  type Installation,
  installation,
  operation,
  person,
  sessionOn,
} from '../../testing/evidence-replica.js';
import { EvidenceExport } from '../evidence/evidence-export.js';
import { VerificationKeysReader } from '../evidence/verification-keys.js';

let house: Installation;
beforeAll(async () => {
  house = await installation();
  await activatePolicy(house.first);
});
afterAll(() => house?.[Symbol.asyncDispose]());

interface Recorded {
  readonly session: SessionId;
  readonly operation: string;
}

/** A session with one recorded answer of three chunks. */
async function recorded(name: string): Promise<Recorded> {
  const session = await sessionOn(house.first);
  const read = session.admitted(operation(`select ${name} from patients`), allow, context);
  await read.durable;
  for (const part of ['first', 'second', 'third'])
    await session.response(read.id, Buffer.from(`${part} rows of ${name}`), new Date());
  await read.outcome({ status: 'done', rows: 3, maskedFields: 0 });
  await session.ended(closing);
  return { session: session.id, operation: read.id };
}

async function bundle(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of await house.first.get(EvidenceExport).open({}, person('grace', ['auditor'])))
    lines.push(line);
  return lines;
}

async function verified(lines: readonly string[]): Promise<Report> {
  const { log_keys } = await house.first.get(VerificationKeysReader).read();
  async function* each() {
    yield* lines;
  }
  return verifyBundle(each(), { logKeys: log_keys.map(({ key }) => key) });
}

/** As the owner of the tables, who may turn the guards against changes off. */
const asOwner = (sql: string): Promise<unknown> =>
  house.database.query(`alter table recording_chunks disable trigger user; ${sql};
    alter table recording_chunks enable always trigger recording_chunks_insert_only`);

let one: Recorded;
let other: Recorded;
beforeEach(async () => {
  [one, other] = [await recorded('one'), await recorded('other')];
});

const isChunkOf =
  ({ operation: id }: Recorded) =>
  (line: string): boolean =>
    line.includes('"type":"recording"') && line.includes(id);

describe('in an export', () => {
  test('nothing is found where nothing was done', async () => {
    const lines = await bundle();
    expect(lines.filter(isChunkOf(one))).toHaveLength(3);
    expect((await verified(lines)).findings).toEqual([]);
  });

  test('two recordings that change places between their sessions', async () => {
    const lines = await bundle();
    const [mine, others] = [lines.filter(isChunkOf(one)), lines.filter(isChunkOf(other))];
    const chunkOf = (line: string): string => (JSON.parse(line) as { chunk: string }).chunk;
    const swapped = lines.map((line) => {
      const at = [mine.indexOf(line), others.indexOf(line)] as const;
      if (at[0] >= 0) return line.replace(chunkOf(line), chunkOf(others[at[0]]!));
      return at[1] >= 0 ? line.replace(chunkOf(line), chunkOf(mine[at[1]]!)) : line;
    });
    expect(swapped).not.toEqual(lines);
    const codes = (await verified(swapped)).findings.map(({ code }) => code);
    expect(codes.filter((code) => code === 'recording.changed')).toHaveLength(2);

    // Their names exchanged instead: each claims to be the other's.
    const renamed = lines.map((line) => {
      if (isChunkOf(one)(line)) return line.replace(one.session, other.session).replace(one.operation, other.operation);
      if (isChunkOf(other)(line))
        return line.replace(other.session, one.session).replace(other.operation, one.operation);
      return line;
    });
    const found = (await verified(renamed)).findings.map(({ code }) => code);
    expect(found.filter((code) => code === 'recording.changed')).toHaveLength(2);
  });

  test('a recording without its last piece, and one that is gone altogether', async () => {
    const lines = await bundle();
    const last = lines.findLastIndex(isChunkOf(one));
    const short = await verified(lines.toSpliced(last, 1));
    expect(short.findings.map(({ code }) => code)).toContain('recording.changed');
    const gone = await verified(lines.filter((line) => !isChunkOf(one)(line)));
    expect(gone.findings.map(({ code }) => code)).toContain('recording.missing');
  });
});

/** What was done stays in the tables: these come last. */
describe('in the tables', () => {
  const inconsistent = { code: 'EVIDENCE_INCONSISTENT' };

  test('two recordings that change places between their sessions', async () => {
    const key = ({ session, operation: id }: Recorded) => `session = '${session}' and operation = '${id}'`;
    const to = ({ session, operation: id }: Recorded) => `session = '${session}', operation = '${id}'`;
    const aside = `session = '${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}'`;
    const swap = (a: Recorded, b: Recorded): string =>
      `update recording_chunks set ${aside} where ${key(a)};
       update recording_chunks set ${to(a)} where ${key(b)};
       update recording_chunks set ${to(b)} where ${aside}`;
    await asOwner(swap(one, other));
    await expect(bundle()).rejects.toMatchObject(inconsistent);
    await asOwner(swap(one, other));
    expect((await verified(await bundle())).findings).toEqual([]);
  });

  test('a recording without its last piece', async () => {
    const [row] = await house.database.query('select * from recording_chunks where operation = $1 and number = 2', [
      one.operation,
    ]);
    expect(row).toBeDefined();
    await asOwner(`delete from recording_chunks where operation = '${one.operation}' and number = 2`);
    await expect(bundle()).rejects.toMatchObject({
      ...inconsistent,
      message: `the recording of operation "${one.operation}" has 2 chunks of 3`,
    });
  });
});
