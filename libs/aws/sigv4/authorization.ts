import type { AwsRequest } from '../types.js';
import { headerValues, type QueryPair, queryPairs } from './canonical.js';
import { fail, failure, orFailure, type SignatureFailure } from './failure.js';
import { readHeader } from './header-form.js';
import { readPresigned } from './presigned-form.js';
import { isPresignedV2, readPresignedV2 } from './presigned-v2.js';
import type { CredentialScope } from './scope.js';

/** What a request says about its signature; nothing of it is proven before `verify`. */
export interface Authorization {
  readonly ok: true;
  readonly form: 'header' | 'presigned';
  /** Of a URL that is presigned for S3 by the older version: it names no region, and `amzDate` is when it expires. */
  readonly version?: 2;
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** Sorted, lower case, no name twice. */
  readonly signedHeaders: readonly string[];
  /** Hexadecimal digits: 64, of version 2 40. */
  readonly signature: string;
  readonly signedAt: Date;
  /** `signedAt` as it was written and signed. */
  readonly amzDate: string;
  readonly sessionToken?: string;
  /** Of presigned requests, from `signedAt`. */
  readonly expiresSeconds?: number;
  /** What stands for the body; undefined where its hash is signed but not told, so that all of it must be read to verify. */
  readonly payload?: string;
}

/** What both forms are read from. */
export interface Readable {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly pairs: readonly QueryPair[];
}

/** Headers that mean one thing only: given twice, two readers could each believe another one. */
const single = /^(?:host|authorization|content-type|content-length|date|x-amz-.*)$/;

/** Finds the SigV4 authorization of a request, in its header or its query, and reads it. */
export const parseAuthorization = (request: AwsRequest): Authorization | SignatureFailure =>
  orFailure(() => {
    const headers = headerValues(request.headers);
    for (const [name, values] of headers)
      if (values.length > 1 && single.test(name)) fail('malformed', `the header ${name} is given twice`);
    return read({ headers, pairs: queryPairs(request.query) });
  });

const read = (from: Readable): Authorization | SignatureFailure => {
  const header = from.headers.get('authorization')?.[0];
  const names = from.pairs.map(([name]) => name.toLowerCase());
  const presigned = names.some((name) => /^x-amz-(?:algorithm|credential|signature|signedheaders)$/.test(name));
  if (header !== undefined && presigned)
    return failure('malformed', 'the request is signed in its header and in its query');
  if (header !== undefined) return readHeader(header, from);
  if (presigned) return readPresigned(from);
  if (isPresignedV2(from.pairs.map(([name]) => name))) return readPresignedV2(from);
  if (names.includes('awsaccesskeyid') || names.includes('signatureversion'))
    return failure('unsupported', 'signature version 2 is not supported: sign with version 4');
  return failure('missing', 'the request is not signed');
};
