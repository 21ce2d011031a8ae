import { homedir } from 'node:os';
import path from 'node:path';
import { Disk } from '../setup/disk.js';
import { type Finding, warning } from './finding.js';

/** Variables by which a command reaches a target without the gateway, where it has no ticket. */
const variables: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: 'an AWS key',
  AWS_PROFILE: 'an AWS profile',
  PGPASSWORD: 'a PostgreSQL password',
  PGPASSFILE: 'a file of PostgreSQL passwords',
};

interface Kept {
  readonly file: string;
  readonly holds: RegExp;
  readonly what: string;
}

const files = (home: string): readonly Kept[] => [
  { file: path.join(home, '.aws', 'credentials'), holds: /^\s*aws_access_key_id\s*=\s*\S/m, what: 'static AWS keys' },
  { file: path.join(home, '.pgpass'), holds: /^[^#\s]/m, what: 'PostgreSQL passwords' },
];

/** What lies about that leads past the gateway. It keeps nothing from working, so it is a warning only. */
export const detourFindings = (env: NodeJS.ProcessEnv): readonly Finding[] => {
  const disk = new Disk();
  const text = (file: string): string => {
    try {
      return disk.read(file)?.toString() ?? '';
    } catch {
      return ''; // not for us, so not for commands either
    }
  };
  return [
    ...Object.entries(variables)
      .filter(([name]) => env[name])
      .map(([name, what]) => warning('ways past the gateway', `${name} is set: ${what}`, `unset ${name}`)),
    ...files(env['HOME'] || homedir())
      .filter(({ file, holds }) => holds.test(text(file)))
      .map(({ file, what }) =>
        warning('ways past the gateway', `${file} has ${what}`, `revoke them, and remove ${file}`),
      ),
  ];
};
