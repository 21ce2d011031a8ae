import { createReadStream, createWriteStream, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '@sallyport/core';
import { type Report, verifyBundle } from '@sallyport/evidence';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer, listOf, pathOf, textOf } from '../options.js';
import { type PinnedKeys, pinsOf } from '../pins.js';
import { plainLine, safeJson } from '../plain-text.js';
import { sheet } from '../table.js';

interface ExportOptions {
  readonly session?: string;
  readonly from?: string;
  readonly to?: string;
  readonly out: string;
}

interface VerifyOptions {
  readonly keys: string;
  readonly quorum?: number;
  readonly checkpoint?: string[];
}

const shownFindings = 50;

const lines = (title: string, all: readonly string[]): string =>
  all.length === 0 ? '' : `${title}\n${all.map((text) => `  - ${plainLine(text)}\n`).join('')}`;

const findingText = ({ code, message, line, entry }: Report['findings'][number]): string =>
  `${message} [${code}${line === undefined ? '' : `, line ${line}`}${entry === undefined ? '' : `, entry ${entry}`}]`;

const verdictText = (report: Report): string =>
  [
    report.ok ? 'PROVEN: nothing wrong was found\n' : 'NOT PROVEN: the evidence does not hold\n',
    sheet({
      log: report.origin,
      entries: report.size,
      root: report.root,
      ...Object.fromEntries(Object.entries(report.counts).filter(([, count]) => count > 0)),
    }),
    lines('wrong:', report.findings.slice(0, shownFindings).map(findingText)),
    report.findingCount > shownFindings ? `  … and ${report.findingCount - shownFindings} more\n` : '',
    lines('proven:', report.proven),
    lines('not proven:', report.notProven),
    lines(
      'unwitnessed:',
      report.unwitnessed.map(({ from, to }) => `entries ${from} to ${to - 1}`),
    ),
  ].join('');

const linesOf = (file: string): AsyncIterable<string> => {
  const input = createReadStream(file, 'utf8');
  const reader = createInterface({ input, crlfDelay: 0, historySize: 0 });
  input.once('error', (cause) => reader.emit('error', cause));
  return reader;
};

export const addEvidence = (program: Command): void => {
  const group = program.command('evidence').description('the tamper-evident log');
  addExport(group);
  addKeys(group);
  addVerify(group);
  addCare(group);
};

const addExport = (group: Command): void => {
  command(
    group,
    'export',
    'save a bundle that anybody can verify offline (auditor)',
    async (call: Invocation<ExportOptions>) => {
      const { session, from, to, out } = call.options;
      const response = await call.api.stream('/v1/evidence/export', { session, from, to });
      if (!response.body) throw new GatewayError('INTERNAL', 'the control plane sent no bundle');
      try {
        await pipeline(Readable.fromWeb(response.body), createWriteStream(out, { mode: 0o600 }));
      } catch (cause) {
        rmSync(out, { force: true }); // half a bundle must not be taken for one
        throw new GatewayError('INTERNAL', `the bundle could not be saved as "${out}"`, {
          cause,
          hint: 'check the folder and the space left on the disk, and try again',
        });
      }
      call.show({ bundle: out }, () => `saved ${out}\n`);
    },
  )
    .requiredOption('--out <file>', 'where to save it')
    .option('--session <id>', 'only this session')
    .option('--from <time>', 'from this time on')
    .option('--to <time>', 'until this time');
};

const addKeys = (group: Command): void => {
  command(
    group,
    'keys',
    'the keys that evidence is verified by: pin them before you need them',
    async (call: Invocation<{ out?: string }>) => {
      const keys = await call.api.get<PinnedKeys>('/v1/evidence/keys');
      if (call.options.out) writeFileSync(call.options.out, `${safeJson(keys)}\n`);
      call.show(keys, () => (call.options.out ? `pinned in ${call.options.out}\n` : `${safeJson(keys)}\n`));
    },
  ).option('--out <file>', 'keep them in this file');
  command(
    group,
    'checkpoint',
    'the latest signed state of the log: keep it to find a log that was rolled back later',
    async (call) => {
      const response = await call.api.stream('/v1/evidence/checkpoint');
      const text = await response.text();
      call.show({ checkpoint: text }, () => text);
    },
  );
};

const addCare = (group: Command): void => {
  command(group, 'health', 'whether the log is whole, witnessed and not rolled back', async (call) => {
    const state = await call.api.get<Readonly<Record<string, unknown>>>('/v1/evidence/health');
    call.show(state, () => sheet(state));
  });
  command(
    group,
    'restored',
    'accept that the database is a restored backup; the log says so from then on (admin)',
    async (call: Invocation<{ reason: string }>) => {
      const state = await call.api.send<Readonly<Record<string, unknown>>>('POST', '/v1/evidence/restored', {
        reason: call.options.reason,
      });
      call.show(state, () => sheet(state));
    },
  ).requiredOption('--reason <text>', 'why, kept for ever');
  command(
    group,
    'rotate-key',
    'give the log another key; whoever pinned the old one goes on, because both sign the change (admin)',
    async (call: Invocation<{ reason: string }>) => {
      const change = await call.api.send<Readonly<Record<string, unknown>>>('POST', '/v1/evidence/keys/rotate', {
        reason: call.options.reason,
      });
      call.show(change, () => sheet(change));
    },
  ).requiredOption('--reason <text>', 'why, kept for ever');
  command(
    group,
    'erase <session>',
    'destroy the key of a session’s record, or of a person’s (person:<id>): there is no way back (admin)',
    async (call: Invocation<{ reason: string; yes?: boolean }>, key) => {
      if (!call.options.yes)
        throw new GatewayError('INVALID_INPUT', 'this cannot be undone', { hint: 'add --yes when you are sure' });
      await call.api.send(
        'DELETE',
        `${pathOf('/v1/evidence/keys', key)}?${new URLSearchParams({ reason: call.options.reason }).toString()}`,
      );
      call.show({ erased: key }, () => `erased ${key}\n`);
    },
  )
    .requiredOption('--reason <text>', 'why, kept for ever')
    .option('--yes', 'I am sure');
};

const addVerify = (group: Command): void => {
  command(
    group,
    'verify <bundle>',
    'verify a bundle offline: exit status 0 proven, 1 not',
    async (call: Invocation<VerifyOptions>, bundle) => {
      const { keys, quorum, checkpoint = [] } = call.options;
      const pins = pinsOf(textOf(keys), {
        ...(quorum === undefined ? {} : { quorum }),
        checkpoints: checkpoint.map(textOf),
      });
      const report = await verifyBundle(linesOf(bundle), pins);
      call.show(report, () => verdictText(report));
      return report.ok ? 0 : 1;
    },
  )
    .requiredOption('--keys <file>', 'the pinned keys, as sallyport evidence keys printed them earlier')
    .option('--quorum <number>', 'how many witnesses must have cosigned', integer)
    .option('--checkpoint <file>', 'a checkpoint kept from earlier (repeat for more)', listOf)
    .addHelpText(
      'after',
      '\nNothing is asked of the control plane. Keys that came with the bundle prove nothing: pin them beforehand.',
    );
};
