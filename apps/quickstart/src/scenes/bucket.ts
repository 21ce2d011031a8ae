import type { S3Client } from '@aws-sdk/client-s3';
import { awsClients } from '../aws-client.js';
import { buckets } from '../cloud/sample-objects.js';
import { s3Sdk } from '../cloud/sdk.js';
import { indented, line } from '../print.js';
import { approve } from '../review.js';
import { expect, type Scene } from '../stage.js';

const bucket = buckets.old;

const bucketsAt = async (s3: S3Client): Promise<readonly string[]> => {
  const { ListBucketsCommand } = await s3Sdk();
  return ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name }) => Name!);
};

export const cloudBucket: Scene = {
  title: 'Deleting a bucket waits, with what AWS says of it, and runs exactly once',
  async play(stage) {
    const { DeleteBucketCommand } = await s3Sdk();
    const { s3, close } = await awsClients(stage.ada);
    try {
      const before = await bucketsAt(s3);
      line(indented(`ada: s3 DeleteBucket ${bucket}`));
      // Run twice it would fail: there is no such bucket any more.
      const running = s3.send(new DeleteBucketCommand({ Bucket: bucket }));
      const [, shown] = await Promise.all([
        running,
        approve(stage, `DeleteBucket ${bucket}`, 'quickstart: the exports of 2019 are not needed'),
      ]);
      const after = await bucketsAt(s3);
      line(indented(`buckets before ${before.join(', ')}; after ${after.join(', ')}`));
      expect(shown.includes('the bucket holds 0 objects'), 'the reviewer was not told what the bucket holds');
      expect(before.includes(bucket) && !after.includes(bucket), 'the bucket is not gone');
      expect(after.includes(buckets.config), 'another bucket is gone');
    } finally {
      close();
    }
  },
};
