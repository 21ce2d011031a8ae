import path from 'node:path';
import { run } from './program.js';

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  program: [process.execPath, path.resolve(process.argv[1] ?? '')],
});
