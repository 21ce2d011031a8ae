/** Operations that a header or the path of an RPC names: json, rpc-v2-cbor and the query protocols. */
import type { Head } from './head.js';
import type { Match } from './match.js';
import type { OperationModel, ServiceModel } from './model.js';
import { uniquePairs } from './pairs.js';
import { contentType, formType, type Spoken, speaksQuery } from './protocol.js';
import { quoted, refuse } from './refuse.js';

type Named = readonly [service: ServiceModel, operation: OperationModel];

const named = (head: Head, services: readonly ServiceModel[], operation: string): readonly Named[] =>
  services.flatMap((service) => {
    const model = service.operations.get(operation);
    return model?.signingName === head.signingName ? [[service, model] as const] : [];
  });

const matches = (found: readonly Named[], protocol: Match['protocol'], what: string): readonly Match[] =>
  found.length > 0
    ? found.map(([service, operation]) => ({ service, operation, protocol, labels: {} }))
    : refuse(`no operation is named ${quoted(what)}`);

const postTo = (head: Head): void => {
  if (head.method !== 'POST') refuse(`a call of this protocol is a POST, not a ${head.method}`);
  if (head.query.length > 0) refuse('a call of this protocol has no query string');
};

const jsonTypes = new Set(['', 'application/x-amz-json-1.0', 'application/x-amz-json-1.1', 'application/json']);

export const matchTarget = (head: Head, services: readonly ServiceModel[], target: string): readonly Match[] => {
  postTo(head);
  if (head.path !== '/') refuse('a call by X-Amz-Target has the path /');
  if (!jsonTypes.has(contentType(head))) refuse(`a call by X-Amz-Target is not ${quoted(contentType(head))}`);
  const dot = target.lastIndexOf('.');
  const prefix = target.slice(0, Math.max(dot, 0));
  const speaking = services.filter((each) => each.targetPrefix === prefix && each.protocols.includes('json'));
  return matches(named(head, speaking, target.slice(dot + 1)), 'json', target);
};

export const matchCbor = (head: Head, services: readonly ServiceModel[]): readonly Match[] => {
  postTo(head);
  if (head.headers.get('smithy-protocol') !== 'rpc-v2-cbor')
    refuse('the header smithy-protocol names no known protocol');
  const type = contentType(head);
  if (type !== '' && type !== 'application/cbor') refuse(`a call of rpc-v2-cbor is not ${quoted(type)}`);
  const [, prefix, operation] = /^\/service\/(\w+)\/operation\/(\w+)$/.exec(head.path) ?? [];
  if (prefix === undefined || operation === undefined) return refuse('the path is none of rpc-v2-cbor');
  const speaking = services.filter((each) => each.targetPrefix === prefix && each.protocols.includes('rpc-v2-cbor'));
  return matches(named(head, speaking, operation), 'rpc-v2-cbor', `${prefix}.${operation}`);
};

export const matchAction = (
  head: Head,
  services: readonly ServiceModel[],
  spoken: Spoken & { by: 'action' },
): readonly Match[] => {
  const pairs = uniquePairs(spoken.pairs);
  if (head.method === 'POST' ? ![formType, ''].includes(contentType(head)) : head.method !== 'GET') {
    refuse('a call by Action is a GET, or a POST of a form');
  }
  checkCase(pairs);
  const action = pairs.get('Action')!;
  const version = pairs.get('Version') ?? refuse('a call by Action has a Version');
  const speaking = services.filter((each) => speaksQuery(each) && each.apiVersions.includes(version));
  if (head.path !== '/' && !speaking.every(takesQueueUrl)) refuse('a call by Action has the path /');
  const protocol = speaking.some((each) => each.protocols.includes('ec2')) ? 'ec2' : 'query';
  return matches(named(head, speaking, action), protocol, `${action} of ${version}`);
};

/** Some of AWS's parsers read keys without regard to case: which of the two they take is not known. */
const checkCase = (pairs: ReadonlyMap<string, string>): void => {
  if (new Set([...pairs.keys()].map((key) => key.toLowerCase())).size < pairs.size)
    refuse('two keys differ in case only');
};

/** Clients of SQS's query protocol post to the queue's URL. */
export const takesQueueUrl = (service: ServiceModel): boolean => service.name === 'sqs';
