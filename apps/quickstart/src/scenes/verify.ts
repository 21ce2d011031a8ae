import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CliRun, sallyport } from '../cli.js';
import { dim, indented, line } from '../print.js';
import { expect, type Scene, type Stage } from '../stage.js';
import { deletionSession } from './replay.js';

// No address and no login: what verifies here cannot have asked anybody.
const offline = { SALLYPORT_URL: 'http://127.0.0.1:9' };

export const pinnedKeys = 'pinned-keys.json';

interface Keys {
  readonly log_keys: readonly unknown[];
  readonly witness_keys: readonly unknown[];
}

// An agent prints its witness key when it enrols, for auditors: what it says itself is worth more than what the API says of it.
const printedByAgent = (log: string): string[] =>
  [...log.matchAll(/^witness key, for auditors to pin: (\S+)$/gm)].map(([, key]) => key!);

/** Keeps the verification keys before anything has happened, as an auditor should; a later start uses the same. */
export const pinKeys = async ({ folder, ada, token }: Stage, agentLog: () => string): Promise<void> => {
  if (existsSync(folder.at(pinnedKeys))) return;
  const { status, out, err } = await sallyport(folder, ['evidence', 'keys', '--json'], {
    SALLYPORT_URL: ada.url,
    SALLYPORT_TOKEN: await token('grace'),
  });
  expect(status === 0, err);
  const keys = JSON.parse(out) as Keys;
  const printed = printedByAgent(agentLog());
  const witnesses = printed.length > 0 ? printed : keys.witness_keys;
  folder.keepJson(pinnedKeys, {
    log_keys: keys.log_keys,
    witness_keys: witnesses,
    quorum: Math.min(1, witnesses.length),
  });
};

const exported = async (stage: Stage, session: string): Promise<string> => {
  const bundle = stage.folder.at('evidence.jsonl');
  const env = { SALLYPORT_URL: stage.ada.url, SALLYPORT_TOKEN: await stage.token('grace') };
  const { status, err } = await sallyport(
    stage.folder,
    ['evidence', 'export', '--session', session, '--out', bundle],
    env,
  );
  expect(status === 0, err);
  return bundle;
};

const verify = ({ folder }: Stage, bundle: string): Promise<CliRun> =>
  sallyport(folder, ['evidence', 'verify', bundle, '--keys', folder.at(pinnedKeys)], offline);

/** Entries are sequenced within a second, and cosigned soon after: a few tries are fair. */
const verified = async (stage: Stage, session: string): Promise<{ bundle: string; run: CliRun }> => {
  for (let tries = 1; ; tries += 1) {
    const bundle = await exported(stage, session);
    const run = await verify(stage, bundle);
    if (run.status === 0 || tries === 8) return { bundle, run };
    await sleep(1_000);
  }
};

/** One character of one entry, changed. */
const forge = (bundle: string): string => {
  const forged = `${bundle}.forged`;
  const text = readFileSync(bundle, 'utf8');
  writeFileSync(forged, text.replace('delete from orders', 'delete from 0rders'));
  expect(readFileSync(forged, 'utf8') !== text, 'the statement is not in the bundle');
  return forged;
};

export const verification: Scene = {
  title: 'The evidence is verified offline, with keys pinned beforehand',
  async play(stage) {
    const session = await deletionSession(stage);
    const { bundle, run } = await verified(stage, session);
    line(indented(dim('$ sallyport evidence verify evidence.jsonl --keys pinned-keys.json')));
    line(indented(run.out || run.err));
    expect(run.status === 0, 'the evidence was not proven');
    const forged = await verify(stage, forge(bundle));
    expect(forged.status === 1, 'a forged bundle was not found out');
    line(indented('With one character of the recorded statement changed, the same command says: not proven.'));
  },
};
