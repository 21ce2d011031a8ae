import { fileURLToPath } from 'node:url';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Folder } from '../folder.js';
import type { Ports } from '../options.js';
import { type Child, type Processes, until } from '../processes.js';
import type { EmulatorOptions } from './emulators.js';
import { buckets, object, objectText, orders, region, table } from './sample-objects.js';
import { dynamodbSdk, s3Sdk } from './sdk.js';

/** The only key that the emulator of S3 knows. */
const keys = { AccessKeyId: 'S3RVER', SecretAccessKey: 'S3RVER' };
const credentials = { accessKeyId: keys.AccessKeyId, secretAccessKey: keys.SecretAccessKey };

const keysFile = 'secrets/cloud-keys-of-the-agent.json';

/** As a file of the agent's own, like the password of the other target. @returns where it is */
export const agentKeysFile = (folder: Folder): string => {
  folder.keepJson(keysFile, keys);
  return folder.at(keysFile);
};

const at = (port: number): string => `http://127.0.0.1:${port}`;

/** By service, as the agent's file has them: no call of the quickstart goes to AWS itself. */
export const cloudEndpoints = (ports: Ports) => ({
  s3: at(ports.s3),
  dynamodb: at(ports.dynamodb),
  default: at(ports.restOfAws),
});

/** Begins to start it: `cloudReady` waits for it. */
export const startCloud = (folder: Folder, ports: Ports, processes: Processes): Child => {
  const options: EmulatorOptions = {
    s3: ports.s3,
    dynamodb: ports.dynamodb,
    rest: ports.restOfAws,
    s3Directory: folder.at('cloud', 's3'),
    dynamodbDirectory: folder.at('cloud', 'dynamodb'),
  };
  const file = fileURLToPath(new URL('emulators-main.js', import.meta.url));
  return processes.start('sample cloud', file, [JSON.stringify(options)], {});
};

/** Waits until it answers, and gives it its sample: what is missing of it, and what earlier plays deleted. */
export const cloudReady = async (child: Child, ports: Ports): Promise<void> => {
  const ready = async () => (child.logTail().includes('ready') ? true : undefined);
  await until(child, 'ready', ready);
  await Promise.all([fillS3(ports), fillDynamoDb(ports)]);
};

const fillS3 = async (ports: Ports): Promise<void> => {
  const { CreateBucketCommand, ListBucketsCommand, PutObjectCommand, S3Client } = await s3Sdk();
  const s3 = new S3Client({ region, credentials, endpoint: at(ports.s3), forcePathStyle: true });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  for (const Bucket of Object.values(buckets))
    if (!Buckets.some(({ Name }) => Name === Bucket)) await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutObjectCommand({ Bucket: buckets.config, Key: object, Body: objectText, ContentType: 'text/plain' }),
  );
  s3.destroy();
};

const fillDynamoDb = async (ports: Ports): Promise<void> => {
  const { DynamoDBClient } = await dynamodbSdk();
  const dynamodb = new DynamoDBClient({ region, credentials, endpoint: at(ports.dynamodb) });
  await fillTable(dynamodb, table);
  dynamodb.destroy();
};

const fillTable = async (dynamodb: DynamoDBClient, TableName: string): Promise<void> => {
  const { BatchWriteItemCommand, CreateTableCommand, ListTablesCommand, waitUntilTableExists } = await dynamodbSdk();
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  if (!TableNames.includes(TableName))
    await dynamodb.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 10, minDelay: 1 }, { TableName });
  const puts = orders.map(({ id, item, note }) => ({
    PutRequest: { Item: { id: { S: id }, item: { S: item }, note: { S: note } } },
  }));
  await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: puts } }));
};
