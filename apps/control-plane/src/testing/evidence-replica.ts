import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DynamicModule, Global, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Decision, Digest, Identity, Operation, PersonId, PolicyId, SessionId } from '@sallyport/core';
import type { SessionStarted } from '@sallyport/evidence';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { DataSource } from 'typeorm';
import { Checkpoints } from '../modules/evidence/checkpoints.js';
import { EvidenceModule } from '../modules/evidence/evidence.module.js';
import { EvidenceAccessModule } from '../modules/evidence/evidence-access.module.js';
import { Recorder, type SessionRecorder } from '../modules/recording/recorder.js';
import { RecordingModule } from '../modules/recording/recording.module.js';
import { SessionsModule } from '../modules/sessions/sessions.module.js';
import { openDatabaseServer } from '../platform/database/server.js';
import {
  Configuration,
  DatabaseModule,
  DatabaseServer,
  Drain,
  Log,
  MasterKey,
  Metrics,
  parseConfiguration,
  Readiness,
} from '../platform/index.js';
import { ProvidersModule } from '../platform/providers.js';

const masterKey = 'c0ffee'.repeat(11).slice(0, 64);

@Global()
@Module({})
class HouseModule {
  static with(server: DatabaseServer, configuration: Configuration, log: Log, secret: string): DynamicModule {
    return {
      module: HouseModule,
      imports: [ProvidersModule, DatabaseModule],
      providers: [
        { provide: Configuration, useValue: configuration },
        { provide: Log, useValue: log },
        { provide: DatabaseServer, useValue: server },
        { provide: MasterKey, useFactory: () => new MasterKey(Buffer.from(secret, 'hex')) },
        Metrics,
        Drain,
        Readiness,
      ],
      exports: [Configuration, DatabaseServer, Log, MasterKey, Metrics, Readiness],
    };
  }
}

/** One replica's evidence, recording and sessions, without listeners. */
export interface Replica {
  readonly app: INestApplicationContext;
  get<T>(type: Type<T> | (abstract new (...args: never[]) => T)): T;
  readonly logged: () => string;
  close(): Promise<void>;
}

export interface Installation extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly first: Replica;
  readonly dataDir: string;
  replica(): Promise<Replica>;
  /** Waits until everything that is committed has its place and is signed. */
  settled(): Promise<void>;
}

export async function startReplica(url: string, dataDir: string, secret = masterKey): Promise<Replica> {
  const lines: string[] = [];
  const log = Log.at('debug', { write: (line: string) => void lines.push(line) });
  const configuration = parseConfiguration({
    DATABASE_URL: url,
    SALLYPORT_DATA_DIR: dataDir,
    SALLYPORT_OIDC_ISSUER: 'http://localhost:1',
    SALLYPORT_LOG_ORIGIN: 'sallyport.test/log',
  });
  @Module({
    imports: [
      HouseModule.with(await openDatabaseServer(configuration), configuration, log, secret),
      EvidenceModule,
      RecordingModule,
      EvidenceAccessModule,
      SessionsModule,
    ],
  })
  class ReplicaModule {}
  const app = await NestFactory.createApplicationContext(ReplicaModule, { logger: false, abortOnError: false });
  return {
    app,
    get: (type) => app.get(type, { strict: false }),
    logged: () => lines.join(''),
    close: () => app.close(),
  };
}

export async function installation(settings: Readonly<Record<string, string>> = {}): Promise<Installation> {
  const database = await testDatabase({ database: 'evidence', settings });
  const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-evidence-'));
  writeFileSync(join(dataDir, 'master-key'), masterKey);
  const replicas: Replica[] = [];
  const replica = async (): Promise<Replica> => {
    const one = await startReplica(database.url, dataDir);
    replicas.push(one);
    return one;
  };
  const first = await replica();
  return {
    database,
    first,
    dataDir,
    replica,
    settled: async () => void (await replicas.at(-1)!.get(Checkpoints).fresh()),
    [Symbol.asyncDispose]: async () => {
      for (const one of replicas.reverse()) await one.close();
      await database.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const person = (name = 'ada', roles: Identity['roles'] = ['user']): Identity => ({
  id: randomUUID() as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: name,
  name: `${name}@example.test`,
  groups: ['engineers'],
  roles,
});

export const startedBy = (identity: Identity, about: Partial<SessionStarted> = {}): Omit<SessionStarted, 'session'> => {
  const { id, class: kind, issuer, subject, name, groups } = identity;
  return {
    identity: { id, class: kind, issuer, subject, name, groups },
    ticket: randomUUID() as SessionStarted['ticket'],
    turn: { aiSession: 'ai-1', turn: 'turn-1' },
    connection: {
      id: randomUUID() as SessionStarted['connection']['id'],
      name: 'patients',
      version: 1,
      protocol: 'postgres',
    },
    target: 'patients-db',
    database: 'hospital',
    client: { name: 'psql', address: '127.0.0.1' },
    assurance: 'ticketed',
    recordsResponses: true,
    ...about,
  };
};

export const operation = (text: string, about: Partial<Operation> = {}): Operation => ({
  action: 'sql.execute',
  risk: 'read',
  text,
  facts: { verbs: ['select'] },
  resources: ['public.patients'],
  digest: 'a'.repeat(64) as Digest,
  pure: true,
  ...about,
});

export const allow: Decision = { outcome: 'allow', policies: ['allow-reads' as PolicyId], policyVersion: 1 };
export const deny: Decision = {
  outcome: 'deny',
  policies: ['no-drop' as PolicyId],
  policyVersion: 1,
  refusal: { code: 'POLICY_DENIED', message: 'dropping is not allowed' },
};
export const context = { assurance: 'ticketed', masking: 'b'.repeat(64) as Digest } as const;
export const closing = {
  reason: { code: 'CLIENT_LEFT', message: 'the client left' },
  bytes: { toTarget: 10, toClient: 20 },
} as const;

/** A started session on a replica. */
export async function sessionOn(replica: Replica, identity = person()): Promise<SessionRecorder> {
  const recorder = replica.get(Recorder).session(randomUUID() as SessionId);
  await recorder.started(startedBy(identity));
  return recorder;
}

/** The policies module's part: a version with its text, put in force on record. */
export async function activatePolicy(replica: Replica, text = 'permit(principal, action, resource);'): Promise<void> {
  const { createHash } = await import('node:crypto');
  const { EvidenceWriter } = await import('../modules/evidence/evidence-writer.js');
  const digest = createHash('sha256').update(text).digest('hex') as Digest;
  const database = replica.get(DataSource);
  await database.query(
    "insert into policy_versions (version, text, digest, comment, author_name) values (1, $1, $2, 'first', 'ada')",
    [text, digest],
  );
  await replica.get(EvidenceWriter).append(database, {
    event: 'policy.activated',
    body: { version: 1, digest, comment: 'first', by: { id: 'system', class: 'system', name: 'sallyport' } },
  });
}
