import { realpathSync } from 'node:fs';
import path from 'node:path';
import { endAs } from './exec/child.js';
import { exec } from './exec/exec.js';

// A program of its own beside `sallyport exec`: as a shell prefix it is named without arguments, and it is started for
// every command, so it loads nothing that it does not need.
const self = realpathSync(process.argv[1] ?? '');

endAs(
  await exec(
    process.argv.slice(2),
    {},
    {
      env: process.env,
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
      program: [process.execPath, path.join(path.dirname(self), 'sallyport.js')],
    },
  ),
);
