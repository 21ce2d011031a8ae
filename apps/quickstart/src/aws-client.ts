import { Agent } from 'node:https';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { STSClient } from '@aws-sdk/client-sts';
import { dynamodbSdk, s3Sdk, stsSdk } from './cloud/sdk.js';
import type { Gate } from './gate.js';
import { cloudConnection } from './setup.js';

interface Ticket {
  readonly ticket: string;
  readonly endpoint: { readonly host: string; readonly port: number; readonly ca_certificate: string };
  readonly aws: {
    readonly access_key_id: string;
    readonly secret_access_key: string;
    readonly region: string;
  };
}

export interface AwsClients {
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly sts: STSClient;
  readonly close: () => void;
}

/** The AWS SDK as any program has it: a fresh ticket is its credential, the gate its endpoint, and the certificate is checked. */
export const awsClients = async (gate: Gate): Promise<AwsClients> => {
  const [{ S3Client }, { DynamoDBClient }, { STSClient }] = await Promise.all([s3Sdk(), dynamodbSdk(), stsSdk()]);
  const { ticket, endpoint, aws } = await gate.post<Ticket>('/v1/tickets', {
    connection: cloudConnection,
    ai_session: 'quickstart',
  });
  const httpsAgent = new Agent({ ca: endpoint.ca_certificate, keepAlive: true });
  const settings = {
    region: aws.region,
    endpoint: `https://${endpoint.host}:${endpoint.port}`,
    credentials: {
      accessKeyId: aws.access_key_id,
      secretAccessKey: aws.secret_access_key,
      sessionToken: ticket,
    },
    maxAttempts: 1, // so that what runs twice is seen
    requestHandler: { httpsAgent },
  };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const dynamodb = new DynamoDBClient(settings);
  const sts = new STSClient(settings);
  const close = () => {
    for (const client of [s3, dynamodb, sts]) client.destroy();
    httpsAgent.destroy();
  };
  return { s3, dynamodb, sts, close };
};

/** @returns the error, which a refused call is for */
export const awsRefusalOf = async (call: Promise<unknown>): Promise<Error> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) return error;
    throw error;
  }
  throw new Error('the call ran, and should have been refused');
};
