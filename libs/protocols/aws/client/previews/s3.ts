import { policyDiff } from './policy-diff.js';
import { getRead, inputText } from './read.js';
import type { Preview, Waited } from './table.js';

const bucketOf = ({ identified }: Waited): string => inputText(identified.input, 'Bucket');
const keyOf = ({ identified }: Waited): string => inputText(identified.input, 'Key');

const megabytes = (bytes: number): string =>
  bytes < 1_000_000 ? `${bytes} bytes` : `${(bytes / 1_000_000).toFixed(1)} MB`;

const deleteBucket: Preview = {
  reads: (call) => [
    getRead(call.scope, [bucketOf(call)], { 'list-type': '2', 'max-keys': '1000' }),
    getRead(call.scope, [bucketOf(call)], { versioning: '' }),
  ],
  tell: ([list, versioning]) => {
    if (list === undefined || !list.ok) return ['its objects cannot be listed'];
    const sizes = list.all('Size').map(({ text }) => Number(text));
    const more = list.first('IsTruncated') === 'true' ? ' at least' : '';
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return [
      `the bucket holds${more} ${sizes.length} objects, ${megabytes(total)}`,
      ...(versioning?.ok ? [`versioning: ${versioning.first('Status') ?? 'off'}`] : []),
    ];
  },
};

const deleteObject: Preview = {
  reads: (call) => [getRead(call.scope, [bucketOf(call), ...keyOf(call).split('/')], {}, 'HEAD')],
  tell: ([head]) =>
    head?.ok
      ? [
          `the object has ${megabytes(Number(head.header('content-length') ?? 0))}, changed ${head.header('last-modified') ?? 'at an unknown time'}`,
        ]
      : head?.head.status === 404
        ? ['there is no such object']
        : ['the object cannot be looked at'],
};

const putBucketPolicy: Preview = {
  reads: (call) => [getRead(call.scope, [bucketOf(call)], { policy: '' })],
  tell: ([now], { request, identified }) => {
    if (now === undefined || (!now.ok && now.errorCode !== 'NoSuchBucketPolicy'))
      return ['the policy of now cannot be read'];
    const before = now.ok ? now.body.toString('utf8') : undefined;
    const after =
      identified.operation === 'DeleteBucketPolicy' ? undefined : Buffer.from(request.body ?? []).toString('utf8');
    return ['what changes in the bucket’s policy:', ...policyDiff(before, after)];
  },
};

export const s3Previews: readonly (readonly [string, Preview])[] = [
  ['s3:DeleteBucket', deleteBucket],
  ['s3:DeleteObject', deleteObject],
  ['s3:PutBucketPolicy', putBucketPolicy],
  ['s3:DeleteBucketPolicy', putBucketPolicy],
];
