import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { found } from './found.js';

/** Clients that a variable names are on a person's PATH too, where sallyport doctor looks for them. */
const programFolders = (): string[] =>
  (['claude', 'codex'] as const).flatMap((name) => {
    const file = found(name);
    return file === undefined ? [] : [path.dirname(file)];
  });

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line as built; SALLYPORT_CLI names another one. */
const script =
  process.env['SALLYPORT_CLI'] ?? fileURLToPath(new URL('../../apps/cli/bin/sallyport.js', import.meta.url));

/** Somebody with a home of their own, a login, and no way out to anybody else's servers. */
export class Person implements Disposable {
  readonly home = mkdtempSync(path.join(tmpdir(), 'sallyport-client-'));
  readonly #env: NodeJS.ProcessEnv;

  /** @param token of a login at this control plane */
  constructor(url: string, token = 'login-canary') {
    this.#env = {
      PATH: [...programFolders(), process.env['PATH']].join(path.delimiter),
      HOME: this.home,
      TERM: 'xterm',
      // nothing but this machine is to be reached
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: '127.0.0.1,localhost',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    };
    mkdirSync(this.at('work'));
    const login = { issuer: 'i', client_id: 'c', access_token: token, expires_at: Date.now() + 3_600_000 };
    mkdirSync(this.at('.config/sallyport'), { recursive: true });
    writeFileSync(
      this.at('.config/sallyport/credentials.json'),
      JSON.stringify({ current: url, logins: { [url]: login } }),
    );
  }

  at(file: string): string {
    return path.join(this.home, file);
  }

  sallyport(...args: string[]): Promise<Ran> {
    return this.run(process.execPath, [script, ...args]);
  }

  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: this.at('work'),
        env: { ...this.#env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 120_000,
      });
      const said = { out: '', err: '' };
      child.stdout.on('data', (chunk: Buffer) => {
        said.out += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        said.err += chunk.toString();
      });
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, ...said }));
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
