import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { restOfAws } from './rest-of-aws.js';

const require = createRequire(import.meta.url);
const loopback = '127.0.0.1';

export interface EmulatorOptions {
  readonly s3: number;
  readonly dynamodb: number;
  /** Of what stands for every other service. */
  readonly rest: number;
  readonly s3Directory: string;
  readonly dynamodbDirectory: string;
}

interface S3rver {
  run(): Promise<unknown>;
  close(): Promise<void>;
}

/** Checks signatures, and knows one access key: S3RVER, whose secret is S3RVER. */
const startS3 = async ({ s3: port, s3Directory: directory }: EmulatorOptions): Promise<() => Promise<void>> => {
  const S3rverClass = require('s3rver') as new (options: object) => S3rver;
  mkdirSync(directory, { recursive: true, mode: 0o700 }); // it lists no buckets without
  const server = new S3rverClass({ address: loopback, port, directory, silent: true });
  await server.run();
  return () => server.close();
};

/** Takes every signature. */
const startDynamoDb = async ({ dynamodb, dynamodbDirectory }: EmulatorOptions): Promise<() => Promise<void>> => {
  const dynalite = require('dynalite') as (options: object) => Server;
  const server = dynalite({ path: dynamodbDirectory, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(dynamodb, loopback);
  await once(server, 'listening');
  return async () => void (await once(server.close(), 'close'));
};

const startRest = async ({ rest }: EmulatorOptions): Promise<() => Promise<void>> => {
  const server = restOfAws();
  server.listen(rest, loopback);
  await once(server, 'listening');
  return async () => void (await once(server.close(), 'close'));
};

/** The sample cloud, on loopback only. @returns how to stop it */
export const startEmulators = async (options: EmulatorOptions): Promise<() => Promise<void>> => {
  const stops = await Promise.all([startS3(options), startDynamoDb(options), startRest(options)]);
  return async () => void (await Promise.allSettled(stops.map((stop) => stop())));
};
