/** Which of the protocols a request speaks; one that speaks two at once is refused. */
import type { Head } from './head.js';
import type { ServiceModel } from './model.js';
import { type Pair, parsePairs } from './pairs.js';
import { refuse } from './refuse.js';

export type Spoken =
  | { readonly by: 'cbor' }
  | { readonly by: 'target'; readonly target: string }
  | { readonly by: 'action'; readonly pairs: readonly Pair[] }
  | { readonly by: 'path' };

export const speaksQuery = (service: ServiceModel): boolean =>
  service.queryCompatible || service.protocols.includes('query') || service.protocols.includes('ec2');

export const contentType = (head: Head): string =>
  (head.headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase();

export const formType = 'application/x-www-form-urlencoded';

/** A client may leave the type out where only one is possible. */
const isFormType = (head: Head): boolean =>
  contentType(head) === formType ||
  (contentType(head) === '' && !head.headers.has('x-amz-target') && !head.headers.has('smithy-protocol'));

/** May the operation stand in a form in the body? */
export const mayBeForm = (head: Head, services: readonly ServiceModel[]): boolean =>
  head.method === 'POST' && isFormType(head) && services.some(speaksQuery);

const isAction = ([key]: Pair): boolean => key === 'Action';

/** `form`: the decoded text of the body, where it may be one. */
export const spokenBy = (head: Head, services: readonly ServiceModel[], form: string | undefined): Spoken => {
  if (head.query.some(([key]) => key.toLowerCase() === 'x-amz-target')) refuse('X-Amz-Target is in the query string');
  const pairs = services.some(speaksQuery) ? [...head.query, ...(form === undefined ? [] : parsePairs(form))] : [];
  const target = head.headers.get('x-amz-target');
  const found: Spoken[] = [];
  if (head.headers.has('smithy-protocol')) found.push({ by: 'cbor' });
  if (target !== undefined) found.push({ by: 'target', target });
  if (pairs.some(isAction)) found.push({ by: 'action', pairs });
  if (found.length > 1) refuse('the request speaks two protocols at once');
  return found[0] ?? { by: 'path' };
};
