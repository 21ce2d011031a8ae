import { parseArgs } from 'node:util';
import { GatewayError } from '@sallyport/core';
import { protocols } from '@sallyport/protocols';
import { expectPassingBytes } from '@sallyport/tunnel';
import { startAgent } from './agent.js';
import { readConfig } from './config/config.js';
import { createLog, type Log } from './log.js';
import { version } from './version.js';

const exitCodes = { stopped: 0, failed: 1, misconfigured: 2, notEnrolled: 3, putOut: 4 } as const;
const drainMs = 25_000; // below the thirty seconds that Kubernetes and ECS give

const usage = `usage: sallyport-agent --config <file> [--enrol-key-file <file>] [--version]

  exit status: 0 stopped · 1 failed · 2 the configuration is wrong · 3 enrolment failed · 4 revoked or expired: enrol again`;

async function main(): Promise<number> {
  process.title = 'sallyport-agent';
  const args = readArgs();
  if (typeof args === 'number') return args;
  try {
    const config = readConfig(args.config);
    const log = createLog(config.logLevel);
    log('agent.starting', { version, targets: config.targets.map(({ alias }) => alias) });
    const agent = await startAgent({
      config,
      protocols,
      log,
      enrolmentKeyFile: args.enrolKeyFile,
      print: (line) => process.stderr.write(`${line}\n`),
    });
    expectPassingBytes();
    stopOnSignal(log, () => agent.stop(drainMs));
    const ended = await agent.finished;
    if (ended === undefined) return exitCodes.stopped;
    complain(ended);
    await agent.stop(0);
    return exitCodes.putOut;
  } catch (error) {
    complain(error);
    return exitCodeOf(error);
  }
}

function readArgs(): { config: string; enrolKeyFile: string | undefined } | number {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string' },
        'enrol-key-file': { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.version === true) {
      process.stdout.write(`${version}\n`);
      return exitCodes.stopped;
    }
    if (values.config !== undefined && values.help !== true)
      return { config: values.config, enrolKeyFile: values['enrol-key-file'] };
    process.stderr.write(`${usage}\n`);
    return values.help === true ? exitCodes.stopped : exitCodes.misconfigured;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return exitCodes.misconfigured;
  }
}

function stopOnSignal(log: Log, stop: () => Promise<void>): void {
  let asked = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    asked += 1;
    if (asked > 1) process.exit(exitCodes.failed); // whoever asks twice does not want to wait
    log('agent.stopping', { signal });
    void stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

function complain(error: unknown): void {
  if (!(error instanceof GatewayError)) {
    process.stderr.write(`the agent failed: ${error instanceof Error ? error.name : 'unknown error'}\n`);
    return;
  }
  const mistakes = error.details['mistakes'];
  const text = Array.isArray(mistakes)
    ? `the configuration is wrong:\n${mistakes.map((each) => `  - ${String(each)}`).join('\n')}`
    : error.message;
  process.stderr.write(`${text}${error.hint === undefined ? '' : `\n${error.hint}`}\n`);
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof GatewayError)) return exitCodes.failed;
  if (error.code === 'INVALID_INPUT' || error.code === 'CREDENTIAL_UNAVAILABLE' || error.code === 'CONFLICT')
    return exitCodes.misconfigured;
  return exitCodes.notEnrolled;
}

// What nobody caught says where, never what: its text may hold a value of a target.
process.on('uncaughtException', (error) => {
  complain(error);
  process.exit(exitCodes.failed);
});

process.exitCode = await main();
setTimeout(() => process.exit(), 1_000).unref(); // lingering sockets must not keep a stopped agent
