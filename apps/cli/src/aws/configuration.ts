import path from 'node:path';
import { GatewayError } from '@sallyport/core';
import { configDirectory, keep, readIfThere, writePrivate } from '../config-directory.js';
import { quoted } from '../quoted.js';
import { botocoreLead } from './credentials.js';

/** The profile for clients that renew as botocore does. */
export const botocoreProfile = 'botocore';

export interface Configuration {
  readonly connection: string;
  /** This program, as it is run again. */
  readonly program: readonly string[];
  /** The control plane that the connection is one of. */
  readonly url: string;
  readonly ca: string;
  /** Left out where the gateway is the client's proxy. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** The directory of the tool call whose ticket is to be used; else each is a fresh one. */
  readonly call?: string;
}

// Some clients read ` #` and ` ;` as the start of a comment, wherever they stand; a line's end would begin another setting.
const unfit = /\p{Cc}|\s[#;]/u;

const setting = (name: string, value: string): string => {
  if (!unfit.test(value)) return `${name} = ${value}\n`;
  throw new GatewayError('INVALID_INPUT', `"${value}" cannot stand in an AWS configuration`, {
    hint: 'a path or a name in it has a control character, or # or ; after a space',
  });
};

// The gateway's certificate has its name only: neither a bucket's before it nor an operation's.
const oneHost = 'disable_host_prefix_injection = true\ns3 =\n  addressing_style = path\n';

const askFor = ({ connection, program, url, call }: Configuration, lead: number): string =>
  [
    ...[...program, 'aws-credentials', connection, '--url', url],
    ...(lead ? ['--renewal-lead', String(lead)] : []),
    ...(call ? ['--call', call] : []),
  ]
    .map(quoted)
    .join(' ');

/** @param lead as in processCredentials */
export const profile = (title: string, lead: number, configuration: Configuration): string => {
  const { ca, endpoint, region } = configuration;
  return [
    `[${title}]\n`,
    region ? setting('region', region) : '',
    endpoint ? setting('endpoint_url', endpoint) : '',
    setting('ca_bundle', ca),
    setting('credential_process', askFor(configuration, lead)),
    setting('retry_mode', 'standard'),
    endpoint ? oneHost : '',
  ].join('');
};

/** What AWS clients read in place of the person's own file; no secret is in it. */
export const configurationText = (configuration: Configuration): string =>
  [
    `# Of sallyport, for the connection ${configuration.connection}: written again whenever it is used.\n`,
    profile('default', 0, configuration),
    '\n',
    profile(`profile ${botocoreProfile}`, botocoreLead, configuration),
  ].join('');

/** @returns the file's path */
export const configurationFile = (configuration: Configuration, env: NodeJS.ProcessEnv): string =>
  keep(env, 'aws-', configurationText(configuration), '.config');

/** In place of the person's own keys; emptied where something has written to it (`aws configure` does). */
export const emptyFile = (env: NodeJS.ProcessEnv): string => {
  const file = path.join(configDirectory(env), 'aws-no-credentials');
  if (readIfThere(file) !== '') writePrivate(file, '');
  return file;
};
