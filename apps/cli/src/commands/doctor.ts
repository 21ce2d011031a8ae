import path from 'node:path';
import type { Command } from 'commander';
import type { Api } from '../api.js';
import { command, type Invocation } from '../cli.js';
import { configDirectory } from '../config-directory.js';
import { claudeProgram, claudeSettingsFindings } from '../doctor/claude-code.js';
import { codexProgram, codexSettingsFindings } from '../doctor/codex.js';
import { connections, loggedIn, reachable } from '../doctor/control-plane.js';
import { detourFindings } from '../doctor/detours.js';
import { attempt, type Finding, isUnused, missing, ok, type State } from '../doctor/finding.js';
import { plainLine } from '../plain-text.js';
import { witnessToken } from '../witness-token.js';

const marks: Readonly<Record<State, string>> = { ok: '✔', warning: '!', missing: '✘' };

const lineOf = ({ state, check, says, mend }: Finding): string =>
  `${marks[state]} ${check}: ${plainLine(says)}\n${mend === undefined ? '' : `    → ${plainLine(mend)}\n`}`;

/** An event that no client has: the control plane takes it, and keeps nothing of it. */
const ping = { hook_event_name: 'SallyportPing', session_id: 'sallyport-doctor' };

const witnesses = async (api: Api, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> => [
  ...(await attempt('hooks', 'ask an administrator whether the control plane is of this version', async () => {
    await api.send('POST', '/hooks/claude', ping);
    return ok('hooks', 'the control plane takes them');
  })),
  ...(await attempt('telemetry', 'ask an administrator whether you may issue witness tokens', async () => {
    await witnessToken(api, 'claude-code', env, Date.now());
    return ok('telemetry', 'the control plane gives a token for it');
  })),
];

const online = async (call: Invocation<DoctorOptions>): Promise<readonly Finding[]> => {
  const { api, world } = call;
  const there = await reachable(api.url, Date.now);
  if (there[0]?.state !== 'ok') return there;
  const login = await attempt('login', 'sallyport login', () => loggedIn(api, world.env));
  if (login[0]?.state !== 'ok') return [...there, ...login];
  const usable = await attempt('connections', 'sallyport connections list', () => connections(api));
  return [...there, ...login, ...usable, ...(await witnesses(api, world.env))];
};

interface DoctorOptions {
  readonly managedFolder?: string;
}

const machine = async ({ world: { env }, options }: Invocation<DoctorOptions>): Promise<readonly Finding[]> => {
  const [claude, codex] = await Promise.all([claudeProgram(env), codexProgram(env)]);
  const managed = options.managedFolder ? { managed: options.managedFolder } : {};
  const ca = path.join(configDirectory(env), 'setup', 'gateway-ca.pem');
  const settings = eachOrOne([
    claude
      ? await attempt('Claude Code settings', 'correct the file', () =>
          claudeSettingsFindings({ env, directory: process.cwd(), ...managed }),
        )
      : [],
    codex
      ? await attempt('Codex settings', 'correct the file', async () => codexSettingsFindings({ env, ca, ...managed }))
      : [],
  ]);
  return [
    ...(claude || codex
      ? []
      : [missing('AI client', 'neither claude nor codex is on your PATH', 'npm install -g @anthropic-ai/claude-code')]),
    ...(claude ? [claude] : []),
    ...settings[0]!,
    ...(codex ? [codex] : []),
    ...settings[1]!,
    ...detourFindings(env),
  ];
};

/** Of two clients one may be all that somebody uses: then the other is not missing, but leads past the gateway. */
const eachOrOne = (clients: readonly (readonly Finding[])[]): readonly (readonly Finding[])[] => {
  const isSetUp = (findings: readonly Finding[]): boolean => findings.length > 0 && !findings.some(isUnused);
  if (!clients.some(isSetUp)) return clients;
  return clients.map((findings) =>
    findings.map((finding): Finding => (isUnused(finding) ? { ...finding, state: 'warning' } : finding)),
  );
};

export const addDoctor = (program: Command): void => {
  command(
    program,
    'doctor',
    'say what is missing on this machine, and what mends it; exit status 1 where something is',
    async (call: Invocation<DoctorOptions>) => {
      const findings = [...(await online(call)), ...(await machine(call))];
      const isFine = findings.every(({ state }) => state !== 'missing');
      call.show(
        { ok: isFine, findings },
        () =>
          `${findings.map(lineOf).join('')}${isFine ? 'everything works\n' : 'something is missing: what → says mends it\n'}`,
      );
      return isFine ? 0 : 1;
    },
  ).option('--managed-folder <folder>', 'where managed settings are, if not where Claude Code and Codex look for them');
};
