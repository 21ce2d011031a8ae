import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestIssuer } from '@sallyport/testkit';
import { type Folder, repository } from './folder.js';
import type { Ports } from './options.js';
import { type Child, type Processes, until } from './processes.js';
import { Trouble } from './trouble.js';

export const built = (app: string): string => {
  const file = path.join(repository, 'apps', app, 'dist', 'main.js');
  if (!existsSync(file)) throw new Trouble(`apps/${app} is not built`, 'run npm run build');
  return file;
};

export interface ControlPlaneOptions {
  readonly folder: Folder;
  readonly ports: Ports;
  readonly processes: Processes;
  readonly issuer: TestIssuer;
  readonly storeUrl: string;
}

const masterKeyFile = (folder: Folder): string => {
  folder.secret('master-key', () => randomBytes(32).toString('hex'));
  return folder.at('secrets', 'master-key');
};

const environment = ({ folder, ports, issuer, storeUrl }: ControlPlaneOptions): Record<string, string> => ({
  DATABASE_URL: storeUrl,
  SALLYPORT_DATA_DIR: folder.at('control-plane'),
  SALLYPORT_MASTER_KEY_FILE: masterKeyFile(folder),
  SALLYPORT_HTTP_ADDRESS: `127.0.0.1:${ports.api}`,
  SALLYPORT_TUNNEL_ADDRESS: `127.0.0.1:${ports.tunnel}`,
  SALLYPORT_ENROLMENT_ADDRESS: `127.0.0.1:${ports.enrolment}`,
  SALLYPORT_POSTGRES_ADDRESS: `127.0.0.1:${ports.postgres}`,
  SALLYPORT_AWS_ADDRESS: `127.0.0.1:${ports.aws}`,
  SALLYPORT_ANTHROPIC_ADDRESS: `127.0.0.1:${ports.anthropic}`,
  SALLYPORT_OPENAI_ADDRESS: `127.0.0.1:${ports.openai}`,
  SALLYPORT_PUBLIC_HOST: 'localhost',
  SALLYPORT_OIDC_ISSUER: issuer.issuer,
  SALLYPORT_OIDC_AUDIENCE: issuer.audience,
  SALLYPORT_OIDC_CLIENT_ID: issuer.console.id,
  SALLYPORT_OIDC_CLIENT_SECRET_FILE: folder.at('secrets', 'console-client-secret'),
  SALLYPORT_OIDC_CLI_CLIENT_ID: issuer.cliClientId,
  SALLYPORT_GROUPS_CLAIM: 'groups',
  SALLYPORT_ROLE_ADMIN: 'admins',
  SALLYPORT_ROLE_REVIEWER: 'reviewers',
  SALLYPORT_ROLE_AUDITOR: 'auditors',
  SALLYPORT_ROLE_USER: 'engineers',
});

/** Starts it, and waits until it says that it is ready. */
export const startControlPlane = async (options: ControlPlaneOptions): Promise<Child> => {
  const child = options.processes.start('control plane', built('control-plane'), [], environment(options));
  const ready = async () =>
    (await fetch(`http://127.0.0.1:${options.ports.api}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
      ? true
      : undefined;
  await until(child, 'ready', ready);
  return child;
};
