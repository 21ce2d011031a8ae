/** The body of a request to the Messages API, read strictly: what decides how it is treated has the type it must have. */
import { GatewayError } from '@sallyport/core';
import { type JsonNode, type JsonObject, member, parseRequest, scalarOf, stringOf } from '../json-spans.js';

/** A document and a value in it. */
export interface Read<Node extends JsonNode = JsonNode> {
  readonly document: Uint8Array;
  readonly node: Node;
}

export const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

const lists = ['messages', 'tools', 'mcp_servers'];

/** @throws GatewayError INVALID_INPUT */
export const readBody = (document: Uint8Array): JsonObject => {
  const node = parseRequest(document);
  if (node.kind !== 'object') throw invalid('the request is not a JSON object');
  for (const name of lists) {
    const value = member(node, name);
    if (value !== undefined && value.kind !== 'array' && scalarOf(value) !== null)
      throw invalid(`"${name}" is not a list`);
  }
  const stream = scalarOf(member(node, 'stream'));
  if (member(node, 'stream') !== undefined && typeof stream !== 'boolean' && stream !== null)
    throw invalid('"stream" is neither true nor false');
  return node;
};

/** The text of a member. */
export const textIn = ({ document, node }: Read, name: string): string | undefined =>
  stringOf(document, member(node, name));

/** Its `type`, which says what a block, a source, a tool or an event is; empty where it does not say. */
export const typeIn = (read: Read): string => textIn(read, 'type') ?? '';

/** A whole number that is not negative. */
export const countIn = ({ node }: Read, name: string): number | undefined => {
  const value = scalarOf(member(node, name));
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
};

/** Absent, or null, which the API takes for absent. */
export const isAbsent = (node: JsonNode | undefined): boolean => node === undefined || scalarOf(node) === null;

/** The blocks of a content: none where it is a text. */
export const blocksOf = (content: JsonNode | undefined): readonly JsonNode[] =>
  content?.kind === 'array' ? content.items : [];
