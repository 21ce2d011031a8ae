import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Way } from '../testing/twin.js';
import { serverVersion } from './debian-server.js';

/** PostgreSQL's regression scripts in the order of its own schedule, which has the scripts that others need first. */
export function schedule(source: string): string[] {
  const text = readFileSync(path.join(source, 'src/test/regress/parallel_schedule'), 'utf8');
  return [...text.matchAll(/^test:(.*)$/gm)].flatMap(([, names]) => names!.trim().split(/\s+/));
}

/** @param wanted names with commas between them; all of them without it. The others only prepare what these need. */
export function chosen(scripts: readonly string[], wanted: string | undefined): (script: string) => boolean {
  if (!wanted) return () => true;
  const names = new Set(wanted.split(','));
  for (const name of names) if (!scripts.includes(name)) throw new Error(`PostgreSQL has no script ${name}`);
  return (script) => names.has(script);
}

/** What pg_regress sets before the first script. */
export const databaseSettings = ['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time']
  .map((name) => `alter database shop set ${name} to 'C';`)
  .concat("alter database shop set bytea_output to 'hex'; alter database shop set timezone_abbreviations to 'Default';")
  .join(' ');

/** Settings of pg_regress's own server, and nothing that works by itself: both servers are to number alike. */
export const serverSettings = {
  max_prepared_transactions: '2',
  autovacuum: 'off',
  shared_buffers: '128MB',
  checkpoint_timeout: '1h',
  log_min_messages: 'fatal',
};

export interface Script {
  readonly psql: string;
  readonly name: string;
  /** Lines to leave out. */
  readonly without?: RegExp | undefined;
}

export class Regression {
  readonly #input: string;
  readonly #home = mkdtempSync(path.join(tmpdir(), 'sallyport-regress-'));

  /** @param source of PostgreSQL */
  constructor(source: string) {
    this.#input = path.join(source, 'src/test/regress');
    chmodSync(this.#home, 0o755);
    for (const way of ways) this.#prepare(way);
  }

  /** Both directories have names of one length: psql aligns its output by them. */
  #prepare(way: (typeof ways)[number]): void {
    for (const directory of ['', 'results', 'testtablespace', 'sql', 'expected']) {
      const made = path.join(this.#home, way, directory);
      mkdirSync(made, { recursive: true });
      chmodSync(made, 0o777);
    }
    spawnSync('cp', ['-r', path.join(this.#input, 'data'), path.join(this.#home, way)]);
  }

  /** The functions in C that some scripts load, where a compiler and the server's headers are there. @returns why not */
  compile(): string | undefined {
    const headers = `/usr/include/postgresql/${serverVersion}/server`;
    if (!existsSync(path.join(headers, 'postgres.h'))) return `no postgresql-server-dev-${serverVersion}`;
    const library = path.join(this.#home, 'regress.so');
    const made = spawnSync('cc', [
      '-fPIC',
      '-shared',
      '-O1',
      `-I${headers}`,
      `-I${this.#input}`,
      '-o',
      library,
      path.join(this.#input, 'regress.c'),
    ]);
    if (made.status !== 0) return made.error?.message ?? made.stderr.toString();
    for (const name of ['autoinc.so', 'refint.so'])
      spawnSync('cp', [`/usr/lib/postgresql/${serverVersion}/lib/${name}`, this.#home]);
    return undefined;
  }

  /** @returns all that psql printed, the directory of this way named as the other one's */
  async run({ psql, name, without }: Script, index: 0 | 1, way: Way['env']): Promise<Buffer> {
    const output = path.join(this.#home, ways[index], 'results', `${name}.out`);
    const printed = createWriteStream(output);
    await once(printed, 'open');
    const edited = path.join(this.#home, ways[index], 'sql', `${name}.sql`);
    writeFileSync(edited, this.#text(name, without), 'latin1');
    const script = openSync(edited, 'r');
    const child = spawn(psql, ['-X', '-a', '-q', '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on'], {
      cwd: path.join(this.#home, ways[index]),
      env: { ...way, ...this.#environment(name, index) },
      stdio: [script, printed, printed],
    });
    const late = setTimeout(() => child.kill('SIGKILL'), 570_000);
    await once(child, 'close');
    clearTimeout(late);
    closeSync(script);
    return Buffer.from(this.#withoutDirectory(readFileSync(output), index), 'latin1');
  }

  /** As bytes: some scripts are in other encodings. */
  #text(name: string, without: RegExp | undefined): string {
    const text = readFileSync(path.join(this.#input, 'sql', `${name}.sql`), 'latin1');
    return without === undefined ? text : text.replace(without, '');
  }

  #environment(name: string, index: 0 | 1): Record<string, string> {
    return {
      PGAPPNAME: `pg_regress/${name}`,
      PGTZ: 'America/Los_Angeles',
      PGDATESTYLE: 'Postgres, MDY',
      PGOPTIONS: '-c intervalstyle=postgres_verbose',
      PG_ABS_SRCDIR: path.join(this.#home, ways[index]),
      PG_ABS_BUILDDIR: path.join(this.#home, ways[index]),
      PG_LIBDIR: this.#home,
      PG_DLSUFFIX: '.so',
      LANG: 'C',
      LC_MESSAGES: 'C',
    };
  }

  /** The text of bytes of any encoding. */
  #withoutDirectory = (bytes: Buffer, index: 0 | 1): string =>
    bytes.toString('latin1').replaceAll(path.join(this.#home, ways[index]), path.join(this.#home, ways[0]));

  /** For the messages that the tap heard. */
  withoutDirectory = (raw: Buffer, index: 0 | 1): Buffer => Buffer.from(this.#withoutDirectory(raw, index), 'latin1');

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

const ways = ['way-a', 'way-b'] as const;
