/** What AWS can tell beforehand of a call that people are asked about. */
import type { AwsRequest, Identified, SignedScope } from '@sallyport/aws';
import type { Answer } from './answer.js';
import { ec2Previews } from './ec2.js';
import { iamPreviews } from './iam.js';
import { jsonPreviews } from './json-services.js';
import type { Read } from './read.js';
import { s3Previews } from './s3.js';

/** The call that waits. */
export interface Waited {
  readonly identified: Identified;
  readonly request: AwsRequest;
  readonly scope: SignedScope;
  readonly bucket: string | undefined;
}

export interface Preview {
  /** Reads to be made, in order; at most `mostReads` of them are. */
  reads(call: Waited): readonly Read[];
  /** In lines, for the reviewer. @param answers of the reads, in their order; undefined where one was refused or failed */
  tell(answers: readonly (Answer | undefined)[], call: Waited): readonly string[];
}

export const mostReads = 6;

/** By `service:Operation`. */
const previews: ReadonlyMap<string, Preview> = new Map([
  ...s3Previews,
  ...iamPreviews,
  ...ec2Previews,
  ...jsonPreviews,
]);

export const previewOf = ({ service, operation }: Identified): Preview | undefined =>
  previews.get(`${service}:${operation}`);
