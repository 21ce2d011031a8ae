import { homedir } from 'node:os';
import path from 'node:path';
import { GatewayError } from '@sallyport/core';
import { configDirectory } from '../config-directory.js';

export const clients = ['claude-code', 'codex'] as const;
export type ClientName = (typeof clients)[number];

export const scopes = ['managed', 'user', 'project'] as const;
export type Scope = (typeof scopes)[number];

/** Where a set-up puts what. Absolute paths of the machine that is set up. */
export interface Places {
  /** What clients start, the gateway's CA, and the record of what was there before. */
  readonly own: string;
  /** The client's settings. */
  readonly settings: string;
  /** Of Codex, whose hooks are in a file of their own: of a person, or the requirements that hold for everybody. */
  readonly hooks?: string;
}

/** How paths are written on the machine that is set up. */
export const pathsOf = (platform: string): path.PlatformPath => (platform === 'win32' ? path.win32 : path.posix);

/** Folders of managed settings of Claude Code, by platform. */
const managedFolders: Readonly<Record<string, string>> = {
  linux: '/etc/claude-code',
  darwin: '/Library/Application Support/ClaudeCode',
  win32: 'C:\\Program Files\\ClaudeCode',
};

export const managedFolder = (platform: string): string => managedFolders[platform] ?? managedFolders['linux']!;

/** Readable by everybody, writable by administrators: what managed settings name must not be somebody's own file. */
const sharedFolder = (platform: string): string =>
  platform === 'win32' ? pathsOf(platform).join(managedFolder(platform), 'sallyport') : '/usr/local/lib/sallyport';

const homeOf = (env: NodeJS.ProcessEnv): string => env['HOME'] || homedir();

export const claudeFolder = (env: NodeJS.ProcessEnv): string =>
  env['CLAUDE_CONFIG_DIR'] || path.join(homeOf(env), '.claude');
export const codexFolder = (env: NodeJS.ProcessEnv): string => env['CODEX_HOME'] || path.join(homeOf(env), '.codex');

/** Where Codex looks for what administrators say, on Linux and macOS. */
export const codexManagedFolder = '/etc/codex';
/** Goes before a person's configuration and the command line. */
export const codexManagedConfig = 'managed_config.toml';
export const codexRequirements = 'requirements.toml';

/** Name of the drop-in among managed settings; later ones go before earlier ones. */
export const dropIn = '50-sallyport.json';

interface Around {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: string;
  readonly directory: string;
}

/** @throws UNSUPPORTED for what a client cannot do */
export const placesOf = (client: ClientName, scope: Scope, { env, platform, directory }: Around): Places => {
  const own = path.join(configDirectory(env), 'setup');
  if (client === 'codex') {
    if (scope === 'project' || (scope === 'managed' && platform === 'win32'))
      throw new GatewayError('UNSUPPORTED', `Codex cannot be set up by ${scope} settings`, {
        hint:
          scope === 'project'
            ? 'use --user: a project cannot choose a model provider'
            : 'use --user: where managed settings of Codex go on Windows is not known here',
      });
    if (scope === 'managed')
      return {
        own: sharedFolder(platform),
        settings: path.posix.join(codexManagedFolder, codexManagedConfig),
        hooks: path.posix.join(codexManagedFolder, codexRequirements),
      };
    return {
      own,
      settings: path.join(codexFolder(env), 'config.toml'),
      hooks: path.join(codexFolder(env), 'hooks.json'),
    };
  }
  if (scope === 'managed') {
    return {
      own: sharedFolder(platform),
      settings: pathsOf(platform).join(managedFolder(platform), 'managed-settings.d', dropIn),
    };
  }
  const file =
    scope === 'user'
      ? path.join(claudeFolder(env), 'settings.json')
      : path.join(directory, '.claude', 'settings.local.json');
  return { own, settings: file };
};

const recordName = (client: ClientName, scope: Scope): string => `${client}-${scope}.record.json`;

/** The record of this set-up, and of those that may share files with it. */
export const recordsOf = (
  client: ClientName,
  scope: Scope,
  { own }: Places,
): { readonly file: string; readonly others: readonly string[] } => ({
  file: path.join(own, recordName(client, scope)),
  others: clients
    .flatMap((each) => scopes.map((one) => recordName(each, one)))
    .filter((name) => name !== recordName(client, scope))
    .map((name) => path.join(own, name)),
});
