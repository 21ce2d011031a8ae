/** What a request asks for, by wire names, once its operation is known. */
import type { AwsRequest } from '../types.js';
import { readable } from './body.js';
import { parseCborInput } from './cbor-input.js';
import type { Head } from './head.js';
import { headerMembers } from './headers.js';
import { parseJsonObject } from './json-input.js';
import type { Match } from './match.js';
import { type Pair, parsePairs, uniquePairs } from './pairs.js';
import { decodePercent } from './percent.js';
import { refuse } from './refuse.js';
import { restBody } from './rest-body.js';
import { takesQueueUrl } from './rpc.js';

export type Input = Readonly<Record<string, unknown>>;

export const inputOf = (match: Match, head: Head, body: AwsRequest['body']): Input => {
  switch (match.protocol) {
    case 'json':
      return parseJsonObject(readable(head, needed(match, body)));
    case 'rpc-v2-cbor':
      return parseCborInput(readable(head, needed(match, body)));
    case 'query':
    case 'ec2':
      return actionInput(match, head, body);
    default:
      return restInput(match, head, body);
  }
};

const needed = ({ operation }: Match, body: AwsRequest['body']): Uint8Array =>
  body ?? refuse(`${operation.name} has its members in the body, which was not read`);

const actionInput = (match: Match, head: Head, body: AwsRequest['body']): Input => {
  const form = head.method === 'POST' ? parsePairs(formText(head, needed(match, body))) : [];
  if (head.method === 'GET' && body !== undefined && body.length > 0) refuse('a GET has no body');
  const { Action: _action, Version: _version, ...input } = Object.fromEntries(uniquePairs([...head.query, ...form]));
  return takesQueueUrl(match.service) ? withQueueUrl(input, head.path) : input;
};

export const formText = (head: Head, body: Uint8Array): string => {
  const text = Buffer.from(readable(head, body)).toString('latin1');
  return /^[\x20-\x7e]*$/.test(text) ? text : refuse('the form has characters that must be percent-encoded');
};

const withQueueUrl = (input: Record<string, string>, path: string): Input => {
  if (path === '/') return input;
  const named = input['QueueUrl'];
  if (named !== undefined && !named.endsWith(path)) refuse('the path and QueueUrl name two queues');
  return { ...input, QueueUrl: named ?? path };
};

const restInput = (match: Match, head: Head, body: AwsRequest['body']): Input => {
  const { operation } = match;
  const outside: Record<string, unknown> = { ...labelMembers(match), ...queryMembers(match, head.query) };
  for (const [member, value] of headerMembers(head, operation.headers)) outside[member] = value;
  const inside = restBody(match, head, body);
  for (const [key, value] of Object.entries(inside)) {
    const member = operation.clashes[key] ?? key;
    if (Object.hasOwn(outside, member))
      refuse('the body has a member that belongs to the path, the query string or a header');
    outside[member] = value;
  }
  return outside;
};

const labelMembers = ({ operation, labels }: Match): Record<string, string> =>
  Object.fromEntries(
    Object.entries(labels).map(([label, raw]) => [operation.labels[label] ?? label, decodePercent(raw)]),
  );

const queryMembers = ({ operation }: Match, query: readonly Pair[]): Record<string, unknown> => {
  const input: Record<string, unknown> = {};
  const named = new Set(operation.query.map(({ wire }) => wire));
  for (const { wire, member, shape } of operation.query) {
    const values = query.filter(([key]) => key === wire).map(([, value]) => value);
    if (shape === 'map') input[member] = Object.fromEntries(query.filter(([key]) => !named.has(key)));
    else if (values.length > 0) input[member] = shape === 'list' ? values : values[0];
  }
  return input;
};
