import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { exec } from '../exec/exec.js';
import { withoutDashes } from './connect.js';

export const addExec = (program: Command): void => {
  command(
    program,
    'exec <command...>',
    'run a command of an AI client with credentials of its tool call (as its shell prefix: sallyport-exec)',
    async ({ options, world }: Invocation, ...args) => (await exec(withoutDashes(args), options, world)).status,
  )
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nOne argument is a line for bash, several are a program and its arguments. Without a login or a control plane the command runs without credentials.\nEnvironment: SALLYPORT_CONNECTIONS, SALLYPORT_POSTGRES, SALLYPORT_AWS, SALLYPORT_EXEC_DEADLINE_MS.',
    );
};
