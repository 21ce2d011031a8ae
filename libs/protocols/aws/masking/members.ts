/**
 * Which members of an answer hold something, as the build step wrote it: one line for a service, parsed when it is first
 * asked for. A service's members are a graph of nodes by number, 0 for "nothing below here"; a shape that holds itself is
 * a node that leads to itself.
 */
import { readFileSync } from 'node:fs';
import type { WireProtocol } from '@sallyport/aws';

/** A node's number, with the model's name of the member where the wire has another. */
export type MemberReference = number | readonly [node: number, name: string];

export interface MemberNode {
  /** Hidden whole: marked by the model, or by our list. */
  readonly x?: 'm' | 'l';
  /** What is hidden is no text: a blob, or something else (a number, a time). */
  readonly t?: 'b' | 'o';
  /** A structure's members by their names on the wire. */
  readonly m?: Readonly<Record<string, MemberReference>>;
  /** A list's item. */
  readonly l?: number;
  /** A map's value and, where it is hidden, key. */
  readonly v?: number;
  readonly k?: number;
  /** In XML without an element of its own around the items. */
  readonly f?: 1;
  /** What a map's key and value are called in XML, where it is not `key` and `value`. */
  readonly n?: readonly [string, string];
  /** A blob, in base64 unless the protocol has bytes: what is inside is looked at. */
  readonly b?: 1;
  /** Anything at all: a JSON value of somebody else's making. */
  readonly d?: 1;
  /** A value of DynamoDB: its only member's name is its type. */
  readonly a?: 1;
  /** An event's member that is the whole payload of its message. */
  readonly p?: string;
}

export type BodyKind = 'members' | 'raw' | 'struct' | 'events';

/** What an operation answers with. */
export interface AnswerMembers {
  readonly service: ServiceMembers;
  readonly body: BodyKind;
  /** Of the body: of the whole answer, of the member that is the payload, or of the union of events. */
  readonly node: number;
  /** The member that is the payload, where one is. */
  readonly payload?: string;
  /** Headers that are hidden, by their names in lower case. */
  readonly headers: Readonly<Record<string, 'm' | 'l'>>;
}

interface OperationLine {
  readonly p?: BodyKind;
  readonly m?: string;
  readonly n: number;
  readonly h?: Readonly<Record<string, 'm' | 'l'>>;
}

export interface ServiceMembers {
  readonly protocols: readonly WireProtocol[];
  readonly nodes: readonly (MemberNode | 0)[];
  /** Members that are called like secrets and are none: `EncryptionKey`, `ChangeToken`. */
  readonly quiet: ReadonlySet<string>;
}

interface ServiceLine {
  readonly protocols: readonly WireProtocol[];
  readonly ops: Readonly<Record<string, number | OperationLine>>;
  readonly nodes: readonly (MemberNode | 0)[];
  readonly q: readonly string[];
}

interface Service extends ServiceMembers {
  readonly ops: ServiceLine['ops'];
}

const file = new URL('./data/members.jsonl', import.meta.url);
let lines: Map<string, string> | undefined;
let paging: ReadonlySet<string> = new Set();
const services = new Map<string, Service>();

const load = (): Map<string, string> => {
  const [head = '{"paging":[]}', ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
  paging = new Set((JSON.parse(head) as { paging: string[] }).paging);
  return new Map(rest.map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]));
};

const nothing: Service = { protocols: [], nodes: [0], quiet: new Set(), ops: {} };

const serviceOf = (name: string): Service => {
  const known = services.get(name);
  if (known) return known;
  lines ??= load();
  const line = lines.get(name);
  if (line === undefined) return nothing;
  const { protocols, nodes, ops, q } = JSON.parse(line) as ServiceLine;
  const service: Service = { protocols, nodes, ops, quiet: new Set(q) };
  services.set(name, service);
  return service;
};

/** An operation that is not listed answers with members of which none is hidden; so does one of an unknown service. */
export const answerMembers = (service: string, operation: string): AnswerMembers => {
  const known = serviceOf(service);
  const entry = Object.hasOwn(known.ops, operation) ? known.ops[operation]! : 0;
  if (typeof entry === 'number') return { service: known, body: 'members', node: entry, headers: {} };
  return {
    service: known,
    body: entry.p ?? 'members',
    node: entry.n,
    headers: entry.h ?? {},
    ...(entry.m === undefined ? {} : { payload: entry.m }),
  };
};

/** Names of members by which the next page is asked for: what they hold was made by AWS and must come back as it is. */
export const isPaging = (name: string): boolean => {
  lines ??= load();
  return paging.has(name);
};
