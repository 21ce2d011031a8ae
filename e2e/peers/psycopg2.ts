import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Way } from '../testing/twin.js';
import { cache, must, NotToBeHad } from './source-package.js';

const version = '2.9.10';

export interface Suite {
  readonly python: string;
  /** Of the sources, which hold the tests. */
  readonly directory: string;
}

/** The driver in an environment of its own, and its sources for the tests: both from PyPI. @throws NotToBeHad */
export function psycopg2Suite(): Suite {
  const home = path.join(cache, `psycopg2-${version}`);
  if (!existsSync(home)) {
    const scratch = `${home}.new`;
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
    must('python3', ['-m', 'venv', 'python'], scratch);
    const pip = (...args: string[]) =>
      must('python/bin/python', ['-m', 'pip', '--quiet', '--disable-pip-version-check', ...args], scratch);
    pip('install', `psycopg2-binary==${version}`);
    pip('download', '--no-deps', '--no-binary', ':all:', `psycopg2==${version}`);
    const archive = readdirSync(scratch).find((name) => name.endsWith('.tar.gz'));
    if (archive === undefined) throw new NotToBeHad('PyPI has no sources of psycopg2');
    mkdirSync(path.join(scratch, 'source'));
    must('tar', ['--extract', '--strip-components=1', '--file', archive, '--directory', 'source'], scratch);
    renameSync(scratch, home);
  }
  return { python: path.join(home, 'python/bin/python'), directory: path.join(home, 'source') };
}

export interface Outcomes {
  /** ok, FAIL, ERROR or skipped, by the test's name. */
  readonly tests: ReadonlyMap<string, string>;
  readonly printed: string;
}

const outcome = /^(\w+) \(([\w.]+)\)(?:\n.*)? \.\.\. (?:.*\n)*?.*?\b(ok|FAIL|ERROR|skipped .*|expected failure)$/gm;

/** Runs all of psycopg2's tests. */
export async function psycopg2Run({ python, directory }: Suite, way: Way): Promise<Outcomes> {
  const tests = ['-m', 'unittest', '-v', 'tests.test_suite'];
  const child = spawn(python, tests, {
    cwd: directory,
    env: { ...way.env, PSYCOPG2_TESTDB: 'shop', PSYCOPG2_TEST_FAST: '1', HOME: '/nonexistent' },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const late = setTimeout(() => child.kill('SIGKILL'), 540_000);
  await once(child, 'close');
  clearTimeout(late);
  return {
    printed,
    tests: new Map(
      [...printed.matchAll(outcome)].map(([, name, where, word]) => [
        where!.endsWith(`.${name}`) ? where! : `${where}.${name}`,
        word!.split(' ')[0]!,
      ]),
    ),
  };
}
