import { handOver } from './handover.js';
import { type Options, parseOptions, usage } from './options.js';
import { play } from './play.js';
import { bold, line } from './print.js';
import { Running, start } from './run.js';
import { told } from './trouble.js';

const options = (): Options => {
  try {
    const parsed = parseOptions(process.argv.slice(2), process.env);
    if (parsed !== 'help') return parsed;
    process.stdout.write(usage);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`${told(error).message}\n\n${usage}`);
    return process.exit(2);
  }
};

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends this process at once. */
const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        for (const again of ['SIGINT', 'SIGTERM'] as const) process.on(again, () => process.exit(130));
        resolve();
      });
    }
  });

const interruptedStatus = 130;

const main = async (chosen: Options): Promise<number> => {
  const running = new Running();
  const stopped = interrupted();
  let result = interruptedStatus; // until the play is over
  const work = async (): Promise<void> => {
    line(bold('Sallyport: the way of an AI client’s SQL through both gates'));
    const stage = await start(chosen, running);
    result = (await play(stage)) ? 0 : 1;
    if (chosen.once) return;
    handOver(chosen, stage.folder.root);
    await stopped;
  };
  try {
    const working = work();
    working.catch(() => undefined); // after an interruption what it was doing may well fail
    await Promise.race([working, stopped]);
  } catch (error) {
    const { message, hint } = told(error);
    line(`\n${message}\n  ${hint}`);
    result = 1;
  } finally {
    line('\nstopping …');
    await running.stop(line);
    line('stopped');
  }
  return result;
};

process.exit(await main(options()));
