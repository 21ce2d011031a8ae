import path from 'node:path';
import { switchesHooksOff } from '../setup/codex-config.js';
import { Disk } from '../setup/disk.js';
import { codexFolder, codexManagedConfig, codexManagedFolder, codexRequirements } from '../setup/places.js';
import { type Finding, missing, ok, unused, warning } from './finding.js';
import { found, said, versionIn } from './program.js';

const check = 'Codex';

/** @returns nothing where it is not installed */
export const codexProgram = async (env: NodeJS.ProcessEnv): Promise<Finding | undefined> => {
  const file = found('codex', env);
  if (!file) return undefined;
  const version = versionIn((await said(file, ['--version'], { PATH: env['PATH'], HOME: env['HOME'] })) ?? '');
  return version
    ? ok(check, `${version}, at ${file}`)
    : warning(check, `${file} does not tell its version`, 'codex --version');
};

const setUp = 'sallyport setup codex';

/** The variables by which Codex is told whom to trust beside the system's list. */
const trustNames = ['CODEX_CA_CERTIFICATE', 'SSL_CERT_FILE'] as const;

interface Around {
  readonly env: NodeJS.ProcessEnv;
  /** The gateway's certificate, where a set-up of one's own has it. */
  readonly ca: string;
  /** Folder of what administrators say. */
  readonly managed?: string;
}

interface Source {
  readonly config: string;
  readonly hooks: string;
  readonly trusted: string;
}

const sourcesOf = ({ env, managed = codexManagedFolder }: Around): Source[] => [
  {
    config: path.join(managed, codexManagedConfig),
    hooks: path.join(managed, codexRequirements),
    trusted: 'an administrator’s, run without being asked for',
  },
  {
    config: path.join(codexFolder(env), 'config.toml'),
    hooks: path.join(codexFolder(env), 'hooks.json'),
    trusted: 'Codex asks once whether to trust them',
  },
];

const managedIn = ({ managed = codexManagedFolder }: Around): string => path.join(managed, codexManagedConfig);

export const codexSettingsFindings = (around: Around): readonly Finding[] => {
  const disk = new Disk();
  const { env } = around;
  const leads = ({ config }: Source): boolean =>
    /^model_provider = "sallyport"$/m.test(disk.read(config)?.toString() ?? '');
  const source = sourcesOf(around).find(leads);
  if (source === undefined) return [unused(`${check} settings`, setUp)];
  const { config, hooks, trusted } = source;
  // The certificate lies beside the program that the configuration starts for the key.
  const launcher = /^command = "(.*)\/bin\/sallyport"$/m.exec(disk.read(config)?.toString() ?? '')?.[1];
  const ca = launcher === undefined ? around.ca : path.join(launcher, 'gateway-ca.pem');
  const trust = trustNames.map((name) => env[name]).find(Boolean);
  const isOff = config !== managedIn(around) && switchesHooksOff(disk.read(config)?.toString() ?? '');
  return [
    ok(`${check} settings`, config),
    ...(isOff
      ? [missing(`${check} hooks`, `the features in ${config} switch them off`, `take that out of ${config}`)]
      : []),
    disk.read(hooks)?.includes(' hook codex ')
      ? ok(`${check} hooks`, `${hooks}; ${trusted}`)
      : missing(`${check} hooks`, `are not in ${hooks}`, setUp),
    trust
      ? ok(`${check} trust`, `it trusts ${trust}`)
      : missing(`${check} trust`, 'it is not told of the gateway’s certificate', `export CODEX_CA_CERTIFICATE=${ca}`),
  ];
};
