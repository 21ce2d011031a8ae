/** Other people's clients of AWS, with nothing changed but endpoint and credential: what they print, direct and through the gateway. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { peer, peerMissing } from '@sallyport/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { until } from '../testing/installation.js';
import { Pair, type Way } from './aws/pair.js';
import { comparable, oddNames, type Tool, tools } from './aws/tools.js';
import { found } from './found.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const bigBytes = 26_000_000;
let pair: Pair;
let built: string;

const missing = peerMissing('moto');
beforeAll(async () => {
  if (missing !== undefined) return;
  built = mkdtempSync(path.join(tmpdir(), 'sallyport-aws-programs-'));
  pair = await Pair.start(peer('moto', { skip: (note) => never(note) }));
});
afterAll(async () => {
  await pair?.stop();
  if (built !== undefined) rmSync(built, { recursive: true, force: true });
});
beforeEach((context) => {
  if (missing !== undefined) skip(context, missing);
});

const never = (note?: string): never => {
  throw new Error(note);
};
function skip(context: TestContext, reason: string): never {
  process.stderr.write(`${reason}\n`);
  return context.skip(reason);
}

/** Of whoever builds: where packages come from, and where they are kept. */
const ours = process.env as Readonly<Record<string, string>>;

interface Ran {
  readonly status: number | null;
  readonly text: string;
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
  return new Promise<Ran>((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { PATH: ours['PATH']!, HOME: cwd, ...env } });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, text }));
  });
}

/** A folder for each side, with the same files. */
function folder(way: Way): string {
  const home = pair.at(way.name);
  if (existsSync(home)) return home;
  mkdirSync(path.join(home, 'src/o d'), { recursive: true });
  mkdirSync(path.join(home, 'mc/certs/CAs'), { recursive: true });
  writeFileSync(path.join(home, 'small'), 'hello\n');
  writeFileSync(path.join(home, 'big'), Buffer.alloc(bigBytes, 'abcdefghijklmnopqrstuvw'));
  for (const name of oddNames) writeFileSync(path.join(home, 'src/o d', name), `${name}\n`);
  return home;
}

describe.each(tools.map((tool) => [tool.name, tool] as const))('%s', (name, tool) => {
  test('does the same through the gateway', { timeout: 400_000 }, async (context) => {
    const program = found(name) ?? skip(context, `skipped: ${name} is not on the PATH`);
    const [direct, gateway] = await both(program, tool);
    for (const [index, command] of tool.commands.entries())
      expect([command, gateway![index]]).toEqual([command, direct![index]]);
    // What is not there is all that may fail, on either side.
    const failed = tool.commands.filter((_, index) => direct![index]![0] !== 0);
    expect(failed).toEqual(tool.commands.filter((command) => command.some((word) => /(^|\/)none$/.test(word))));
    for (const way of await pair.ways()) {
      const back = path.join(folder(way), `back-${name}`);
      expect(readFileSync(back).equals(readFileSync(path.join(folder(way), 'big')))).toBe(true);
    }
  });
});

async function both(program: string, tool: Tool) {
  const sides = [];
  for (const way of await pair.ways()) {
    const home = folder(way);
    cpSync(pair.at('ca.pem'), path.join(home, 'mc/certs/CAs/ca.pem'));
    const { args, env } = tool.settings(way, home);
    const said: [number | null, string[]][] = [];
    for (const command of tool.commands) {
      const { status, text } = await run(program, [...args, ...command], { ...way.env, ...env }, home);
      said.push([status, comparable(text, home)]);
    }
    sides.push(said);
  }
  return sides;
}

const isThere = (program: string, question: string): Promise<boolean> =>
  run(program, [question], ours, built).then(
    ({ status }) => status === 0,
    () => false,
  );

/** @returns why it cannot be built here */
async function buildGo(): Promise<string | undefined> {
  if (!(await isThere('go', 'version'))) return 'skipped: there is no Go (1.24 or later)';
  const sources = path.join(built, 'go');
  cpSync(path.join(here, 'aws/go'), sources, { recursive: true });
  for (const step of ['mod tidy', 'build -o program .']) {
    const { status, text } = await run('go', step.split(' '), ours, sources);
    if (status !== 0) return `skipped: go ${step} fails: ${text.slice(-500)}`;
  }
  return undefined;
}

/** What policy refuses is all that differs: told once, and not tried again. */
const denied = { error: 'AccessDenied', tries: 1 };

interface Line {
  readonly step: string;
  readonly [name: string]: unknown;
}

describe('the SDK for Go', () => {
  const program = () => path.join(built, 'go/program');

  test('does the same through the gateway', { timeout: 1_200_000 }, async (context) => {
    const reason = await buildGo();
    if (reason !== undefined) skip(context, reason);
    const [direct, gateway] = await Promise.all(
      (await pair.ways()).map(async (way) => {
        const { status, text } = await run(program(), [], way.env, folder(way));
        expect([status, text]).toEqual([0, expect.stringContaining('{')]);
        return text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Line);
      }),
    );
    const differences: Readonly<Record<string, object>> = {
      'denied s3 put': denied,
      'denied s3 put stream': denied,
      'denied s3 head': { ...denied, error: 'Forbidden' }, // an answer to HEAD has no words
      'denied sts': denied,
      'iam denied': denied,
      ssm: { value: ['/go/p', '[redacted:aws-model]'] },
    };
    expect(direct!.length).toBeGreaterThan(100);
    expect(gateway).toEqual(
      direct!.map((line) => (line.step in differences ? { step: line.step, ...differences[line.step] } : line)),
    );
  });

  test('waits for a reviewer, and asks once', { timeout: 120_000 }, async (context) => {
    if (!existsSync(program())) skip(context, 'skipped: the program has not been built');
    const authorization = 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request';
    await fetch(`${pair.behind.url}/held`, { method: 'PUT', headers: { authorization } });
    const [, way] = await pair.ways();
    const putting = run(program(), ['held'], way.env, folder(way));
    const { id } = await until('the review is there', async () => {
      const query = '/v1/reviews?state=pending';
      return (await pair.gate.api<{ items: { id: string }[] }>('ravi', 'GET', query)).items[0];
    });
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    await pair.gate.api('ravi', 'POST', `/v1/reviews/${id}/verdict`, { verdict: 'approve', reason: 'it is fine' });
    expect(JSON.parse((await putting).text)).toEqual({ step: 'held', value: 1 });
  });
});

/** @returns why it cannot be built here */
async function buildJava(): Promise<string | undefined> {
  const sources = path.join(here, 'aws/java');
  if (!(await isThere('javac', '-version'))) return 'skipped: there is no Java compiler (17 or later)';
  if (!(await isThere('mvn', '-v'))) return 'skipped: there is no Maven';
  const libraries = ['-q', '-B', '-f', path.join(sources, 'pom.xml'), 'dependency:copy-dependencies'];
  const fetched = await run('mvn', [...libraries, `-DoutputDirectory=${built}/lib`], ours, built);
  if (fetched.status !== 0) return `skipped: Maven does not bring the SDK: ${fetched.text.slice(-500)}`;
  const files = ['-cp', `${built}/lib/*`, '-d', `${built}/java`, path.join(sources, 'AwsClients.java')];
  const compiled = await run('javac', files, ours, built);
  if (compiled.status !== 0) throw new Error(compiled.text);
  return undefined;
}

/** A trust store with both certificates of the pair. */
async function trustStore(): Promise<string> {
  const store = path.join(built, 'trust');
  const certificates = readFileSync(pair.at('ca.pem'), 'utf8').split(/(?<=-----END CERTIFICATE-----)/);
  for (const [index, certificate] of certificates.filter((text) => text.trim() !== '').entries()) {
    writeFileSync(`${store}.pem`, certificate.trim());
    const which = ['-alias', `ca${index}`, '-file', `${store}.pem`, '-keystore', store, '-storepass', 'changeit'];
    await run('keytool', ['-importcert', '-noprompt', ...which], ours, built);
  }
  return store;
}

test('the SDK for Java does the same through the gateway', { timeout: 1_200_000 }, async (context) => {
  const reason = await buildJava();
  if (reason !== undefined) skip(context, reason);
  const ways = await pair.ways();
  const trust = [`-Djavax.net.ssl.trustStore=${await trustStore()}`, '-Djavax.net.ssl.trustStorePassword=changeit'];
  const args = [...trust, '-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-cp', `${built}/lib/*:${built}/java`];
  const [direct, gateway] = await Promise.all(
    ways.map(async (way) => {
      const { text } = await run('java', [...args, 'AwsClients'], { ...way.env, LC_ALL: 'C.UTF-8' }, folder(way));
      return text.split('\n').filter((line) => line !== '' && !line.startsWith('SLF4J'));
    }),
  );
  const differences: Readonly<Record<string, string>> = {
    'transfer manager': 'true', // the emulator alone stumbles over the way it waits for 100 Continue
    'denied put': 'error 403 AccessDenied tries 1',
    'denied put large': 'error 403 AccessDenied tries 1',
    'denied sts': 'error 403 AccessDenied tries 1',
    'iam denied': 'error 403 AccessDenied tries 1',
  };
  expect(direct!.length).toBeGreaterThan(80);
  expect(gateway).toEqual(
    direct!.map((line) => {
      const step = line.slice(0, line.indexOf(': '));
      return step in differences ? `${step}: ${differences[step]}` : line;
    }),
  );
});
