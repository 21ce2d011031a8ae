/** The same call by AWS's own SDK: what its users notice, most of which is the SDK. */
import { Agent } from 'node:https';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ascending, percentile } from '../figures.js';
import type { AwsWay } from './bed.js';

/** Calls that are not counted. */
const warming = 20;

export interface SdkFigures {
  readonly way: string;
  readonly p50: number;
  readonly p99: number;
}

export async function measureSdk({ name, host, place, credential }: AwsWay, seconds: number): Promise<SdkFigures> {
  const client = new DynamoDBClient({
    region: 'eu-west-1',
    endpoint: `https://${host}`,
    credentials: credential,
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ ca: place.ca, keepAlive: true }) },
  });
  const times: number[] = [];
  try {
    for (let end = 0, count = 0; count <= warming || performance.now() < end; count += 1) {
      if (count === warming) end = performance.now() + seconds * 1000;
      const began = performance.now();
      await client.send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: `order-${count}` } } }));
      if (count >= warming) times.push(performance.now() - began);
    }
  } finally {
    client.destroy();
  }
  const sorted = ascending(times);
  return { way: name, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
