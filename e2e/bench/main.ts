import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../testing/installation.js';
import { machineOf } from './machine.js';
import { needsNoTarget, type Options, parseOptions, usage } from './options.js';
import { Bed } from './peers/bed.js';
import { installMissing } from './peers/programs.js';
import { busyCores } from './procfs.js';
import { writeDocument } from './report/document.js';
import { tables } from './report/tables.js';
import { measureAll, type Results, type Run } from './run.js';

const began = Date.now();
const say = (line: string): void => {
  process.stdout.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${line}\n`);
};

async function bench(options: Options): Promise<void> {
  const missing = options.parts.every(needsNoTarget) ? [] : installMissing();
  if (missing.length > 0) say(`not installed: ${missing.join(', ')}; their columns are left out`);
  if (missing.includes('postgresql-15')) throw new Error('pgbench is needed: apt-get install postgresql-15');
  const folder = path.join(
    repository,
    '.sallyport',
    'bench',
    new Date().toISOString().slice(0, 19).replaceAll(':', ''),
  );
  mkdirSync(folder, { recursive: true });
  const busyBefore = await busyCores(3_000);
  const bed = await Bed.make(options, path.join(folder, 'profiles'), say);
  const stopEarly = stopsEarly(bed, options);
  const results: Results = {};
  try {
    const run: Run = {
      machine: await machineOf(bed, busyBefore),
      options,
      titles: Object.fromEntries(bed.peers.map(({ name, title }) => [name, title])),
      missing,
      results,
    };
    try {
      await measureAll(results, bed, options, say);
    } finally {
      writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run, undefined, 2));
    }
    const text = tables(run);
    writeFileSync(path.join(folder, 'tables.md'), text);
    process.stdout.write(`\n${text}\n`);
    if (options.document) writeDocument(run);
  } finally {
    stopEarly();
    await bed.stop();
  }
  say(`figures are in ${path.relative(process.cwd(), folder)}`);
}

/** Past the deadline, and when somebody wants it to end, everything is taken down first. @returns how to call it off */
function stopsEarly(bed: Bed, { deadlineMinutes }: Options): () => void {
  const stop = (why: string): void => {
    process.stderr.write(`bench: ${why}\n`);
    void bed.stop().finally(() => process.exit(1));
  };
  const late = setTimeout(() => stop(`not done within ${deadlineMinutes} minutes`), deadlineMinutes * 60_000);
  const interrupted = (): void => stop('interrupted');
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  return () => {
    clearTimeout(late);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  };
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return;
  }
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  await bench(options);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
