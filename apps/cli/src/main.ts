import { realpathSync } from 'node:fs';
import { run } from './program.js';

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  program: [process.execPath, realpathSync(process.argv[1] ?? '')], // what it is started by may be a link
});
