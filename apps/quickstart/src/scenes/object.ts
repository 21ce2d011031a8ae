import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { STSClient } from '@aws-sdk/client-sts';
import { awsClients, awsRefusalOf } from '../aws-client.js';
import { buckets, keyId, object, orders, region, secretKey, table } from '../cloud/sample-objects.js';
import { dynamodbSdk, s3Sdk, stsSdk } from '../cloud/sdk.js';
import { indented, line } from '../print.js';
import { expect, type Scene } from '../stage.js';

const expectNoKey = (text: string): void =>
  expect(![keyId, secretKey].some((value) => text.includes(value)), 'an unmasked key came out');

const readObject = async (s3: S3Client): Promise<void> => {
  const { GetObjectCommand } = await s3Sdk();
  line(indented(`ada: s3 GetObject ${buckets.config}/${object}`));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: buckets.config, Key: object }));
  const text = await Body!.transformToString();
  line(indented(text, 7));
  expect(text.includes(`SHOP_REGION=${region}`), 'the line that no rule hides did not come as it is');
  expectNoKey(text);
};

const readItem = async (dynamodb: DynamoDBClient): Promise<void> => {
  const { GetItemCommand } = await dynamodbSdk();
  const { id, item } = orders[1];
  line(indented(`ada: dynamodb GetItem ${table} ${id}`));
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }));
  const text = JSON.stringify(Item);
  line(indented(text, 7));
  expect(Item?.['item']?.S === item, 'the item, which no rule hides, did not come as it is');
  expectNoKey(text);
};

const askForCredential = async (sts: STSClient): Promise<void> => {
  const { GetSessionTokenCommand } = await stsSdk();
  line(indented('ada: sts GetSessionToken'));
  const { name, message } = await awsRefusalOf(sts.send(new GetSessionTokenCommand({})));
  line(indented(`${name}: ${message}`, 7));
  expect(name === 'AccessDenied', `AccessDenied was expected, ${name} came`);
  expect(message.includes('make the call itself through this connection'), 'the message does not say what to do');
};

export const cloudObject: Scene = {
  title: 'On AWS what is read comes back masked, and nobody is handed a credential',
  async play({ ada }) {
    const { s3, dynamodb, sts, close } = await awsClients(ada);
    try {
      await readObject(s3);
      await readItem(dynamodb);
      await askForCredential(sts);
    } finally {
      close();
    }
  },
};
