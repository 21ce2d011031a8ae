import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles the command line from its sources, so that other programs can start it. @returns the script */
export const builtCli = async (directory: string): Promise<string> => {
  const conditions = ['@sallyport/source'];
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: { ssr: 'src/main.ts', outDir: directory, rollupOptions: { output: { entryFileNames: 'sallyport.mjs' } } },
  });
  return path.join(directory, 'sallyport.mjs');
};

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program from this package's directory, so that a script finds its modules. */
export const ran = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      said.err += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...said }));
  });

/** The built command line, as a person runs it. */
export const sallyport = (script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> =>
  ran(process.execPath, [script, ...args], env);
