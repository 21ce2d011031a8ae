import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '@sallyport/core';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import type { JWTPayload } from 'jose';
import supertest from 'supertest';
import type { Feature } from '../app.module.js';
import { type ControlPlane, startControlPlane } from '../control-plane.js';
import { parseConfiguration } from '../platform/config.js';
import { Log } from '../platform/logging/log.js';
import { type TestIssuer, testIssuer } from './issuer.js';

export interface Session {
  readonly token: string;
  get(path: string): supertest.Test;
  post(path: string, body?: object): supertest.Test;
  put(path: string, body?: object): supertest.Test;
  patch(path: string, body?: object): supertest.Test;
  delete(path: string): supertest.Test;
}

/** The real control plane on a real database, with a local issuer that says who people are. */
export interface TestControlPlane extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly issuer: TestIssuer;
  readonly database: TestDatabase;
  /** Every line that was logged, as JSON text: for canaries. */
  readonly logged: () => string;
  readonly anonymous: ReturnType<typeof supertest>;
  /** Logged in with the roles; `subject` makes the person, the default is a new one each time. */
  as(roles: readonly Role[], claims?: JWTPayload): Promise<Session>;
  /** A second replica on the same database. */
  replica(): Promise<ControlPlane>;
}

export interface TestOptions {
  readonly features?: readonly Feature[];
  readonly environment?: Readonly<Record<string, string>>;
}

const masterKey = 'c0ffee'.repeat(11).slice(0, 64);

export async function testControlPlane({ features, environment = {} }: TestOptions = {}): Promise<TestControlPlane> {
  const [issuer, database] = await Promise.all([testIssuer(), testDatabase({ database: 'control_plane' })]);
  const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-control-plane-'));
  writeFileSync(join(dataDir, 'master-key'), masterKey);
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (process.env['SALLYPORT_TEST_LOG'] !== undefined) process.stderr.write(line);
  };
  const start = (): Promise<ControlPlane> =>
    startControlPlane(parseConfiguration({ ...defaults(issuer, database, dataDir), ...environment }), {
      log: Log.at('debug', { write: keep }),
      ...(features === undefined ? {} : { features }),
    });
  const replicas = [
    await start().catch(async (error: unknown) => {
      await stopAll(database, issuer, dataDir);
      throw error;
    }),
  ];
  const controlPlane = replicas[0]!;
  return {
    controlPlane,
    issuer,
    database,
    logged: () => lines.join(''),
    anonymous: supertest(controlPlane.url),
    as: async (roles, claims = {}) => {
      const sub = claims.sub ?? randomUUID();
      const token = await issuer.accessToken({
        email: `${sub}@example.test`,
        email_verified: true,
        sid: `sid-${sub}`,
        groups: roles.map((role) => `${role}s`),
        ...claims,
        sub,
      });
      return sessionWith(controlPlane.url, token);
    },
    replica: async () => {
      const another = await start();
      replicas.push(another);
      return another;
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of replicas.reverse()) await one.close();
      await stopAll(database, issuer, dataDir);
    },
  };
}

/** Requests with a bearer token, to any replica. */
export function sessionWith(url: string, token: string): Session {
  const agent = supertest(url);
  const bearer = (request: supertest.Test) => request.set('authorization', `Bearer ${token}`);
  return {
    token,
    get: (path) => bearer(agent.get(path)),
    post: (path, body) => bearer(agent.post(path)).send(body),
    put: (path, body) => bearer(agent.put(path)).send(body),
    patch: (path, body) => bearer(agent.patch(path)).send(body),
    delete: (path) => bearer(agent.delete(path)),
  };
}

async function stopAll(database: TestDatabase, issuer: TestIssuer, dataDir: string): Promise<void> {
  await Promise.all([database.stop(), issuer[Symbol.asyncDispose]()]);
  rmSync(dataDir, { recursive: true, force: true });
}

const defaults = (issuer: TestIssuer, database: TestDatabase, dataDir: string): Record<string, string> => ({
  DATABASE_URL: database.url,
  SALLYPORT_DATA_DIR: dataDir,
  SALLYPORT_HTTP_ADDRESS: '127.0.0.1:0',
  SALLYPORT_TUNNEL_ADDRESS: '127.0.0.1:0',
  SALLYPORT_ENROLMENT_ADDRESS: '127.0.0.1:0',
  SALLYPORT_POSTGRES_ADDRESS: '127.0.0.1:0',
  SALLYPORT_AWS_ADDRESS: '127.0.0.1:0',
  SALLYPORT_ANTHROPIC_ADDRESS: '127.0.0.1:0',
  SALLYPORT_OPENAI_ADDRESS: '127.0.0.1:0',
  SALLYPORT_OIDC_ISSUER: issuer.url,
  SALLYPORT_OIDC_CLIENT_ID: 'console',
  SALLYPORT_OIDC_CLI_CLIENT_ID: 'cli',
  SALLYPORT_ROLE_ADMIN: 'admins',
  SALLYPORT_ROLE_REVIEWER: 'reviewers',
  SALLYPORT_ROLE_AUDITOR: 'auditors',
  SALLYPORT_ROLE_USER: 'users',
  SALLYPORT_DRAIN_SECONDS: '5',
});
