import { readdirSync } from 'node:fs';
import path from 'node:path';
import { leastClaude } from '../setup/claude-settings.js';
import { Disk } from '../setup/disk.js';
import { isObject, type JsonObject, readJson } from '../setup/json-file.js';
import { claudeFolder, managedFolder } from '../setup/places.js';
import { type Finding, missing, ok, unused, warning } from './finding.js';
import { found, isAtLeast, isProgram, said, versionIn } from './program.js';

const check = 'Claude Code';

/** @returns nothing where it is not installed */
export const claudeProgram = async (env: NodeJS.ProcessEnv): Promise<Finding | undefined> => {
  const file = found('claude', env);
  if (!file) return undefined;
  const version = versionIn((await said(file, ['--version'], { PATH: env['PATH'], HOME: env['HOME'] })) ?? '');
  if (!version) return warning(check, `${file} does not tell its version`, 'claude --version');
  return isAtLeast(version, leastClaude)
    ? ok(check, `${version}, at ${file}`)
    : missing(check, `${version} is too old: prompts can be told from ${leastClaude} on`, 'claude update');
};

/** Settings that are in force, each with where they stand; the first goes before the others. */
interface Source {
  readonly of: 'managed' | 'project' | 'user';
  readonly file: string;
  readonly settings: JsonObject;
}

const disk = new Disk();

const source = (of: Source['of'], file: string): Source[] => {
  const bytes = disk.read(file);
  return bytes ? [{ of, file, settings: readJson(file, bytes).value }] : [];
};

const dropIns = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .reverse();
  } catch {
    return []; // there is no such folder, or it is not for us
  }
};

export interface Around {
  readonly env: NodeJS.ProcessEnv;
  readonly directory: string;
  /** Managed settings of this machine are here. */
  readonly managed?: string;
}

const sourcesOf = ({ env, directory, managed = managedFolder(process.platform) }: Around): Source[] => [
  ...dropIns(path.join(managed, 'managed-settings.d')).flatMap((name) =>
    source('managed', path.join(managed, 'managed-settings.d', name)),
  ),
  ...source('managed', path.join(managed, 'managed-settings.json')),
  ...source('project', path.join(directory, '.claude', 'settings.local.json')),
  ...source('project', path.join(directory, '.claude', 'settings.json')),
  ...source('user', path.join(claudeFolder(env), 'settings.json')),
];

const environmentOf = ({ settings }: Source): JsonObject => (isObject(settings['env']) ? settings['env'] : {});

const variable = (sources: readonly Source[], name: string): string | undefined => {
  const value = sources.map((each) => environmentOf(each)[name]).find((each) => each !== undefined);
  return typeof value === 'string' ? value : undefined;
};

/** What goes before our settings wherever it stands, because the client takes it first. */
const stronger = [
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
];

const overridden = (sources: readonly Source[], env: NodeJS.ProcessEnv): Finding[] =>
  stronger.flatMap((name) => {
    if (env[name]) return [missing(check, `${name} is set here and goes before the gateway’s access`, `unset ${name}`)];
    const other = sources.find((each) => environmentOf(each)[name] !== undefined);
    return other
      ? [
          missing(
            check,
            `${name} is set in ${other.file} and goes before the gateway’s access`,
            `take env.${name} out of ${other.file}`,
          ),
        ]
      : [];
  });

const setUp = 'sallyport setup claude-code';

const scope = (ours: Source): Finding =>
  ours.of === 'managed'
    ? ok(`${check} settings`, `${ours.file}, for everybody on this machine`)
    : warning(
        `${check} settings`,
        `${ours.file}: they are yours to change, and claude --bare leaves the hooks out`,
        `sudo ${setUp} --managed`,
      );

const trusted = (file: string | undefined): Finding => {
  if (file && disk.read(file)?.includes('-----BEGIN CERTIFICATE-----'))
    return ok(`${check} trust`, `the gateway’s certificate is in ${file}`);
  return missing(`${check} trust`, `the gateway’s certificate is not in ${file ?? 'any file that it reads'}`, setUp);
};

const prefix = async (file: string | undefined, env: NodeJS.ProcessEnv): Promise<Finding> => {
  const name = `${check} commands`;
  if (!file) return missing(name, 'get no tickets: there is no shell prefix', setUp);
  if (!isProgram(file)) return missing(name, `cannot run: the shell prefix ${file} is not a program`, setUp);
  const answer = await said(file, ['echo through'], { PATH: env['PATH'], HOME: env['HOME'] });
  return answer === 'through\n'
    ? ok(name, `are started by ${file}`)
    : missing(name, `cannot run: the shell prefix ${file} does not start them`, setUp);
};

const elsewhere = (sources: readonly Source[], env: NodeJS.ProcessEnv, ours: Source): Finding[] =>
  ['ANTHROPIC_BASE_URL', 'CLAUDE_CODE_SHELL_PREFIX'].flatMap((name) => {
    const [wanted, first] = [
      environmentOf(ours)[name],
      sources.find((each) => environmentOf(each)[name] !== undefined),
    ];
    if (first && environmentOf(first)[name] !== wanted)
      return [
        missing(
          `${check} settings`,
          `${name} is another one in ${first.file}, which goes first`,
          `take env.${name} out of ${first.file}`,
        ),
      ];
    return env[name] && env[name] !== wanted && ours.of !== 'managed'
      ? [warning(`${check} settings`, `${name} is another one in this shell`, `unset ${name}`)]
      : [];
  });

const isOurs = ({ apiKeyHelper: helper }: JsonObject): boolean =>
  typeof helper === 'string' && /sallyport(\.cmd|\.js)?['"]? llm-token /.test(helper);

/** What its settings come to, once they are put together. */
export const claudeSettingsFindings = async (around: Around): Promise<readonly Finding[]> => {
  const { env } = around;
  const sources = sourcesOf(around);
  const ours = sources.find(({ settings }) => isOurs(settings));
  if (!ours) return [unused(`${check} settings`, setUp), ...overridden(sources, env)];
  return [
    scope(ours),
    ...elsewhere(sources, env, ours),
    ...overridden(sources, env),
    ...(sources.some(({ of, settings }) => settings['disableAllHooks'] === true && of !== 'managed') &&
    ours.of !== 'managed'
      ? [missing(`${check} hooks`, 'are switched off by disableAllHooks', 'take disableAllHooks out of your settings')]
      : []),
    trusted(variable(sources, 'NODE_EXTRA_CA_CERTS')),
    await prefix(variable(sources, 'CLAUDE_CODE_SHELL_PREFIX'), env),
  ];
};
