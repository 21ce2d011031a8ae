/** The segments of a path, raw. */
import type { Addressing } from '../types.js';
import type { Head } from './head.js';
import type { ServiceModel } from './model.js';
import { decodePercent } from './percent.js';
import { quoted, refuse } from './refuse.js';

/** S3 keeps a key byte for byte: `..`, `//` and encoded slashes belong to it. */
const keepsKeys = (service: ServiceModel): boolean => service.name === 's3';

export const segmentsOf = (service: ServiceModel, head: Head, addressing: Addressing): readonly string[] => {
  const bucket = bucketInFront(service, head, addressing);
  const segments = head.path.slice(1).split('/');
  if (!keepsKeys(service)) checkSegments(segments);
  return bucket === undefined ? segments : [bucket, ...segments];
};

/** S3 Control's clients put the account in front of the host, where a bucket would stand. */
const bucketInFront = (service: ServiceModel, head: Head, { bucket }: Addressing): string | undefined => {
  if (bucket === undefined || keepsKeys(service)) return bucket;
  if (service.name === 's3control' && head.headers.get('x-amz-account-id') === bucket) return undefined;
  return refuse('a bucket in the host name is of S3 alone');
};

/** A server may resolve these before it looks for the operation, or after: what it does then is not known. */
const checkSegments = (segments: readonly string[]): void => {
  segments.forEach((segment, at) => {
    if (segment === '' && at < segments.length - 1) refuse('the path has an empty segment');
    if (segment.includes(';')) refuse('the path has a bare semicolon');
    const text = decodePercent(segment);
    if (/(^|[/\\])\.{1,2}($|[/\\])/.test(text)) refuse(`the path has the segment ${quoted(segment)}`);
    if (/\p{Cc}/u.test(text)) refuse('the path has a control character');
  });
};
