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
export interface ServiceMembers {
  readonly protocols: readonly WireProtocol[];
  readonly nodes: readonly (MemberNode | 0)[];
  /** Members that are called like secrets and are none: `EncryptionKey`, `ChangeToken`. */
  readonly quiet: ReadonlySet<string>;
}
/** An operation that is not listed answers with members of which none is hidden; so does one of an unknown service. */
export declare const answerMembers: (service: string, operation: string) => AnswerMembers;
/** Names of members by which the next page is asked for: what they hold was made by AWS and must come back as it is. */
export declare const isPaging: (name: string) => boolean;
