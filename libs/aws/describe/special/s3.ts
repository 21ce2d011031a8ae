/** S3: bucket and key, the sources of copies, and what a body deletes. */
import { arnPart, isArn, keyPart, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textAt, textsAt } from '../members.js';

export const s3Resources = (call: Call, findings: Findings): boolean => {
  const bucket = textAt(call.input, 'Bucket') ?? call.context.addressing.bucket;
  const keys = keysOf(call);
  if (bucket === undefined) findings.add('*');
  else if (keys === undefined) addBucket(call, findings, bucket);
  else for (const key of keys) addObject(call, findings, bucket, key);
  if (keys?.length === 0) findings.markUnresolved();
  if (keys?.length === 0 && bucket !== undefined) addObject(call, findings, bucket, undefined);
  for (const source of sourcesOf(call)) {
    if (source.twofold) findings.markUnresolved();
    addObject(call, findings, source.bucket, source.key);
  }
  return true;
};

/** Undefined where the operation is about the bucket. */
const keysOf = ({ operation, input, context }: Call): string[] | undefined => {
  if (operation === 'DeleteObjects') return textsAt(input, 'Delete.Objects|Object[].Key');
  const key = textAt(input, 'Key');
  return key === undefined ||
    (operation.startsWith('List') && operation !== 'ListParts') ||
    (key === '' && context.addressing.bucket !== undefined)
    ? undefined
    : [key];
};

const bucketArn = ({ context }: Call, bucket: string): string => {
  const { partition, region, account = '*' } = context;
  if (/--[a-z0-9-]+--x-s3$/.test(bucket)) return `arn:${partition}:s3express:${region}:${account}:bucket/${bucket}`;
  return `arn:${partition}:s3:::${bucket}`;
};

/** An alias is another name for a bucket that it does not tell. */
const isAlias = (bucket: string): boolean => /(-s3alias|--ol-s3|\.mrap)$/.test(bucket);

const addBucket = (call: Call, findings: Findings, bucket: string): void => {
  if (isAlias(bucket)) findings.markUnresolved();
  if (isArn(bucket)) findings.addArn(bucket);
  else findings.addPart(namePart(bucket), (text) => bucketArn(call, text));
};

const addObject = (call: Call, findings: Findings, bucket: string, key: string | undefined): void => {
  if (isAlias(bucket)) findings.markUnresolved();
  const name = isArn(bucket) ? arnPart(bucket) : namePart(bucket);
  if (!name.fits) findings.markUnresolved();
  const head = isArn(bucket) ? `${name.text}/object` : bucketArn(call, name.text);
  if (key === undefined) findings.add(`${head}/*`);
  else findings.addPart(keyPart(key), (text) => `${head}/${text}`);
};

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly version: boolean;
  /** Two readers could take it for two objects: a bare `+` for a space, an encoded or another query for a version. */
  readonly twofold: boolean;
}

/** `x-amz-copy-source` is `bucket/key` or an access point's ARN, percent-encoded, with a version in its query. */
export const sourcesOf = ({ input }: Call): CopySource[] =>
  [...textsAt(input, 'CopySource'), ...textsAt(input, 'RenameSource')].map((source) => {
    const at = source.indexOf('?versionId=');
    const before = at < 0 ? source : source.slice(0, at);
    const plain = decoded(before).replace(/^\//, '');
    const twofold = /[+?]/.test(before) || plain.includes('?versionId=');
    const [, bucket, key] = (isArn(plain) ? /^(.+?)\/object\/(.+)$/s : /^([^/]+)\/(.+)$/s).exec(plain) ?? [
      undefined,
      plain,
      '',
    ];
    return { bucket: bucket, key: key, version: at >= 0, twofold };
  });

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not valid: `keyPart` finds the rest of the encoding and says that it does not fit
  }
};
