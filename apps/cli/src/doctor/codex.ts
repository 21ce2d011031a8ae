import path from 'node:path';
import { Disk } from '../setup/disk.js';
import { codexFolder } from '../setup/places.js';
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

export const codexSettingsFindings = (env: NodeJS.ProcessEnv, ca: string): readonly Finding[] => {
  const disk = new Disk();
  const config = path.join(codexFolder(env), 'config.toml');
  const hooks = path.join(codexFolder(env), 'hooks.json');
  const text = disk.read(config)?.toString() ?? '';
  if (!/^model_provider = "sallyport"$/m.test(text)) return [unused(`${check} settings`, setUp)];
  const trust = trustNames.map((name) => env[name]).find(Boolean);
  return [
    ok(`${check} settings`, config),
    disk.read(hooks)?.includes(' hook codex ')
      ? ok(`${check} hooks`, `${hooks}; Codex asks once whether to trust them`)
      : missing(`${check} hooks`, `are not in ${hooks}`, setUp),
    trust
      ? ok(`${check} trust`, `it trusts ${trust}`)
      : missing(`${check} trust`, 'it is not told of the gateway’s certificate', `export CODEX_CA_CERTIFICATE=${ca}`),
  ];
};
