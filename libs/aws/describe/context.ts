import type { Hide } from '@sallyport/sql';
import type { Addressing } from '../types.js';

/** What describing a call needs to know beyond the request itself. */
export interface DescribeContext {
  /** `aws`, `aws-cn`, … */
  readonly partition: string;
  /** Whose credential the agent holds; undefined where it could not be asked. */
  readonly account: string | undefined;
  readonly region: string;
  /** The body was not read for inspection. */
  readonly bodyStreams: boolean;
  /** The signature stood in the query. */
  readonly presigned: boolean;
  readonly addressing: Addressing;
  /** Hides secrets in what people read; parameters that the models mark are hidden before it is asked. */
  readonly hide: Hide;
}
