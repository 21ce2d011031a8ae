/** Command lines for S3, as a person types them: the same at both ends. */
import type { Way } from './pair.js';

export interface Tool {
  /** On the PATH, or what SALLYPORT_<NAME> names. */
  readonly name: 'aws' | 's3cmd' | 'rclone' | 'mc';
  /** What goes before each command, and into its environment. */
  settings(
    way: Way,
    home: string,
  ): { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };
  readonly commands: readonly (readonly string[])[];
}

/** In the folder `src/o d`: what keys must survive. */
export const oddNames = [
  ...['a b', 'a+b', 'a%20b', 'ü ñ', `q'uo"te`, 'a&b=c?d', 'semi;colon', 'tilde~x', 'star*(x)!', 'at@:,$='],
];

const hostOf = ({ env }: Way): string => new URL(env['AWS_ENDPOINT_URL']!).host;

const aws: Tool = {
  name: 'aws',
  settings: ({ env }) => ({ args: ['--endpoint-url', env['AWS_ENDPOINT_URL']!], env: {} }),
  commands: [
    ['s3', 'mb', 's3://bucket'],
    ['s3', 'cp', 'small', 's3://bucket/small', '--no-progress'],
    ['s3', 'cp', 'big', 's3://bucket/big', '--no-progress'],
    ['s3', 'cp', 's3://bucket/big', 'back-aws', '--no-progress'],
    ['s3', 'sync', 'src', 's3://bucket/src', '--no-progress'],
    ['s3', 'sync', 's3://bucket/src', 'synced-aws', '--no-progress'],
    ['s3', 'ls', '--recursive', 's3://bucket', '--summarize'],
    ['s3', 'cp', 's3://bucket/big', 's3://bucket/copy', '--no-progress'],
    ['s3', 'mv', 's3://bucket/small', 's3://bucket/moved', '--no-progress'],
    [
      's3api',
      'put-object',
      '--bucket',
      'bucket',
      '--key',
      'x/../y',
      '--body',
      'small',
      '--checksum-algorithm',
      'SHA256',
    ],
    [
      's3api',
      'get-object',
      '--bucket',
      'bucket',
      '--key',
      'moved',
      '--range',
      'bytes=0-2',
      'r',
      '--query',
      'ContentRange',
    ],
    ['s3api', 'put-bucket-policy', '--bucket', 'bucket', '--policy', '{"Version":"2012-10-17","Statement":[]}'],
    ['s3api', 'head-object', '--bucket', 'bucket', '--key', 'none'],
    ['sqs', 'create-queue', '--queue-name', 'q', '--query', 'ends_with(QueueUrl, `/q`)'],
    ['ec2', 'describe-regions', '--query', 'length(Regions)'],
    ['iam', 'get-user', '--user-name', 'none'],
    ['s3', 'rb', '--force', 's3://bucket'],
  ],
};

const s3cmd: Tool = {
  name: 's3cmd',
  settings: (way) => ({
    args: [
      ...[
        '--config=/dev/null',
        '--no-progress',
        '--ssl',
        `--ca-certs=${way.env['AWS_CA_BUNDLE']}`,
        '--region=eu-west-1',
      ],
      ...[`--host=${hostOf(way)}`, `--host-bucket=${hostOf(way)}`, `--access_key=${way.env['AWS_ACCESS_KEY_ID']}`],
      ...[`--secret_key=${way.env['AWS_SECRET_ACCESS_KEY']}`, `--access_token=${way.env['AWS_SESSION_TOKEN']}`],
    ],
    env: {},
  }),
  commands: [
    ['mb', 's3://s3cmd'],
    ['put', 'small', 's3://s3cmd/small'],
    ['put', 'big', 's3://s3cmd/big', '--multipart-chunk-size-mb=6'],
    ['get', 's3://s3cmd/big', 'back-s3cmd', '--force'],
    ['put', 'small', 's3://s3cmd/a//b'],
    ['put', 'small', 's3://s3cmd/x/../y'],
    ['sync', 'src/', 's3://s3cmd/src/'],
    ['sync', 's3://s3cmd/src/', 'synced-s3cmd/'],
    ['ls', '-r', 's3://s3cmd'],
    ['cp', 's3://s3cmd/small', 's3://s3cmd/copied'],
    ['mv', 's3://s3cmd/copied', 's3://s3cmd/moved'],
    ['modify', '--add-header=x-amz-meta-a:b', 's3://s3cmd/moved'],
    ['setacl', '--acl-public', 's3://s3cmd/moved'],
    ['expire', '--expiry-days=3', 's3://s3cmd'],
    ['getlifecycle', 's3://s3cmd'],
    ['get', 's3://s3cmd/none'],
    ['del', '-r', '-f', 's3://s3cmd'],
    ['rb', 's3://s3cmd'],
  ],
};

const rclone: Tool = {
  name: 'rclone',
  settings: ({ env }) => ({
    args: [],
    env: {
      AWS_CA_BUNDLE: '', // its own way to load one, and it takes no other beside it
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CA_CERT: env['AWS_CA_BUNDLE']!,
      RCLONE_CONFIG_R_TYPE: 's3',
      RCLONE_CONFIG_R_PROVIDER: 'Other',
      RCLONE_CONFIG_R_REGION: 'eu-west-1',
      RCLONE_CONFIG_R_LOCATION_CONSTRAINT: 'eu-west-1',
      RCLONE_CONFIG_R_ENDPOINT: env['AWS_ENDPOINT_URL']!,
      RCLONE_CONFIG_R_ACCESS_KEY_ID: env['AWS_ACCESS_KEY_ID']!,
      RCLONE_CONFIG_R_SECRET_ACCESS_KEY: env['AWS_SECRET_ACCESS_KEY']!,
      RCLONE_CONFIG_R_SESSION_TOKEN: env['AWS_SESSION_TOKEN']!,
    },
  }),
  commands: [
    ['mkdir', 'R:rclone'],
    ['copyto', 'small', 'R:rclone/small'], // in the second of the one before, it makes the bucket once more
    ['copyto', 'big', 'R:rclone/big', '--s3-upload-cutoff', '5M'],
    ['copyto', 'R:rclone/big', 'back-rclone'],
    ['sync', 'src', 'R:rclone/src'],
    ['check', '--download', 'src', 'R:rclone/src'],
    ['lsf', '-R', 'R:rclone'],
    ['cat', '--offset', '1', '--count', '3', 'R:rclone/small'],
    ['copyto', 'R:rclone/big', 'R:rclone/copied', '--s3-copy-cutoff', '5M'],
    ['moveto', 'R:rclone/copied', 'R:rclone/moved'],
    ['backend', 'versioning', 'R:rclone', 'Enabled'],
    ['size', 'R:rclone'],
    ['delete', 'R:rclone'],
  ],
};

const mc: Tool = {
  name: 'mc',
  settings: ({ env }, home) => ({
    args: ['--config-dir', `${home}/mc`, '--no-color', '--quiet'],
    env: {
      // It takes the parts as they stand, without percent-encoding.
      MC_HOST_s: `https://${env['AWS_ACCESS_KEY_ID']}:${env['AWS_SECRET_ACCESS_KEY']}:${env['AWS_SESSION_TOKEN']}@${new URL(env['AWS_ENDPOINT_URL']!).host}`,
    },
  }),
  commands: [
    ['mb', 's/minio', '--region', 'eu-west-1'],
    ['cp', 'small', 's/minio/small'],
    ['cp', 'big', 's/minio/big'],
    ['cp', 's/minio/big', 'back-mc'],
    ['cp', '--checksum', 'SHA256', 'small', 's/minio/summed'],
    ['cp', '--checksum', 'CRC32C', 'big', 's/minio/summed-parts'],
    ['cp', '--disable-multipart', 'big', 's/minio/single'],
    ['mirror', 'src', 's/minio/src'],
    ['diff', 'src', 's/minio/src'],
    ['find', 's/minio'],
    ['cat', 's/minio/src/o d/ü ñ'],
    ['cp', 's/minio/big', 's/minio/copied'],
    ['mv', 's/minio/copied', 's/minio/moved'],
    ['tag', 'set', 's/minio/small', 'a=b'],
    ['anonymous', 'set', 'download', 's/minio'],
    ['ilm', 'rule', 'add', 's/minio', '--expire-days', '3'],
    ['version', 'enable', 's/minio'],
    ['cat', 's/minio/none'],
    ['rm', '--recursive', '--force', 's/minio/src'],
    ['rb', '--force', 's/minio'],
  ],
};

export const tools: readonly Tool[] = [aws, s3cmd, rclone, mc];

/** Two of its processes signed the same request within a second: it waits, and signs it again. */
const again = /429 \(SlowDown\)|WARNING: Waiting/;

/** Sorted, because they work on several files at once; without what no two runs have in common. */
export const comparable = (text: string, home: string): string[] =>
  text
    .replace(/https?:\/\/127\.0\.0\.1:\d+/g, 'URL')
    .replace(/\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?Z?/g, 'TIME')
    .replaceAll(home, 'HOME')
    .replace(/R\{[\w-]+\}/g, 'R')
    .replace(/(in )?[\d.]+ (seconds|s\b|[kKMG]?i?B\/s)/g, '')
    .replace(/versionId=[\w-]+|ID `\w+`|request id: \w+/g, 'ID')
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !again.test(line) && !/[─│]|Duration|Transferred|NOTICE: Config/.test(line))
    .sort();
