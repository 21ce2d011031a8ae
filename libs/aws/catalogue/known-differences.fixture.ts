/**
 * Requests that botocore writes and `identify` does not name as botocore does. This list may only shrink: an entry that is
 * not needed fails the test.
 */
interface Difference {
  readonly why: string;
  readonly operations: readonly string[];
}

/** Where the client's endpoint names the service. */
export const withEndpoint: readonly Difference[] = [
  {
    why: 'S3’s older names of the same requests: both are candidates, and need the same permission',
    operations: [
      's3 GetBucketLifecycle',
      's3 PutBucketLifecycle',
      's3 GetBucketNotification',
      's3 PutBucketNotification',
    ],
  },
  {
    why: 'botocore makes a POST of a form of what the model has as a GET; not identified',
    operations: ['cloudsearchdomain Search'],
  },
];

/** Beyond these, where only the signing name tells, and the operation's name is another too: both are candidates. */
export const withoutEndpoint: readonly Difference[] = [
  {
    why: 'both versions of Lex have these paths',
    operations: ['lex-models GetImport', 'lex-models StartImport'],
  },
];

export const operationsOf = (differences: readonly Difference[]): readonly string[] =>
  differences.flatMap(({ operations }) => operations);
