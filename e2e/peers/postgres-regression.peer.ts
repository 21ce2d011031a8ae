/** PostgreSQL's own regression scripts, each by psql on a server alone and on one like it behind the gateway. */
import { peerMissing } from '@sallyport/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstDifference } from '../testing/comparable.js';
import type { Conversation } from '../testing/tap.js';
import { Twins } from '../testing/twin.js';
import { debianServer, serverVersion } from './debian-server.js';
import { regressionDifferences } from './known-differences.js';
import { chosen, databaseSettings, Regression, type Script, schedule, serverSettings } from './regression.js';
import { Report } from './report.js';
import { NotToBeHad, sourceOf } from './source-package.js';

/** @returns the directory of the sources, or why there are none */
function source(): { readonly directory?: string; readonly missing?: string } {
  const missing = peerMissing('psql') ?? peerMissing('postgres');
  if (missing !== undefined) return { missing };
  try {
    return { directory: sourceOf(`postgresql-${serverVersion}`) };
  } catch (error) {
    if (error instanceof NotToBeHad)
      return { missing: `skipped: PostgreSQL's sources are not to be had (${error.message})` };
    throw error;
  }
}

const { directory, missing } = source();
if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(directory === undefined)("PostgreSQL's regression scripts", () => {
  let twins: Twins;
  let regression: Regression;
  const report = new Report('postgres', ['script', 'printed, and bytes on the wire', 'messages', 'why']);

  beforeAll(async () => {
    regression = new Regression(directory!);
    const withoutFunctions = regression.compile();
    if (withoutFunctions !== undefined) process.stderr.write(`no functions in C: ${withoutFunctions}\n`);
    twins = await Twins.start({
      startTarget: debianServer,
      targetSettings: serverSettings,
      targetSql: databaseSettings,
      environment: { SALLYPORT_DRAIN_SECONDS: '1' },
    });
  });
  afterAll(async () => {
    for (const { name, log } of twins?.sallyport.processes ?? []) report.keep(`${name}.log`, log.join(''));
    await twins?.[Symbol.asyncDispose]();
    regression?.[Symbol.dispose]();
  });

  const run = async (script: Script) => {
    const [direct, gateway] = await twins.ways();
    const printed = await Promise.all([regression.run(script, 0, direct.env), regression.run(script, 1, gateway.env)]);
    const heard = await twins.heard();
    const difference = firstDifference(stream(heard.direct, 0), stream(heard.gateway, 1));
    const messages = heard.direct.flatMap(({ answers }) => answers).length;
    return { printed, difference, messages, isEqual: difference === undefined && printed[0].equals(printed[1]) };
  };

  /** All that a script's connections heard, one after the other. */
  const stream = (conversations: readonly Conversation[], index: 0 | 1): Buffer[] =>
    conversations.flatMap(({ answers }) => answers).map((raw) => regression.withoutDirectory(raw, index));

  /** What a script leaves behind for others, on both servers with nothing in between. */
  const prepare = async (script: Script) => {
    const [alone, target] = twins.past();
    await Promise.all([regression.run(script, 0, alone), regression.run(script, 1, target)]);
  };

  const scripts = directory === undefined ? [] : schedule(directory);
  const isChosen = chosen(scripts, process.env['SALLYPORT_SCRIPTS']);

  test.each(scripts)('%s', async (name) => {
    const known = regressionDifferences[name];
    if (!isChosen(name)) return prepare({ psql: 'psql', name, without: known?.without });
    const { printed, difference, messages, isEqual } = await run({ psql: 'psql', name, without: known?.without });
    const said = isEqual ? (known?.without === undefined ? 'equal' : 'equal but for these statements') : 'differs';
    report.row([name, said, String(messages), known?.why ?? '']);
    for (const index of [0, 1] as const) if (!isEqual) report.keep(`${name}.${index}.out`, printed[index]);
    if (difference !== undefined) report.keep(`${name}.json`, JSON.stringify(difference, undefined, 2));
    if (!isEqual) await twins.align();
    const isToBeEqual = known === undefined || known.without !== undefined;
    expect({ difference, isEqual }).toEqual(
      isToBeEqual ? { difference: undefined, isEqual: true } : { difference, isEqual: false },
    );
  });
});
