import { spawn } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bundles the command line from its sources and lays it out as it is installed, so that other programs can start it.
 * @returns the script; `sallyport-exec.js` is beside it
 */
export const builtCli = async (directory: string): Promise<string> => {
  const conditions = ['@sallyport/source'];
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: true,
      outDir: path.join(directory, 'dist'),
      rollupOptions: { input: ['src/main.ts', 'src/exec-main.ts'], output: { entryFileNames: '[name].js' } },
    },
  });
  cpSync(path.join(root, 'bin'), path.join(directory, 'bin'), { recursive: true });
  writeFileSync(path.join(directory, 'package.json'), '{ "type": "module" }');
  return path.join(directory, 'bin', 'sallyport.js');
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
