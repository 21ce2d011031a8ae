/** What this gateway knows of Converse: members, blocks, and which of their values are no texts. */
import { type JsonNode, member } from '../json-spans.js';

export const knownMembers: ReadonlySet<string> = new Set([
  ...['modelId', 'messages', 'system', 'inferenceConfig', 'toolConfig', 'guardrailConfig', 'promptVariables'],
  ...['additionalModelRequestFields', 'additionalModelResponseFieldPaths', 'requestMetadata', 'performanceConfig'],
  ...['serviceTier', 'outputConfig', 'schemaVersion'],
]);

const plainBlocks = new Set([
  ...['text', 'toolUse', 'toolResult', 'guardContent', 'cachePoint', 'reasoningContent', 'citationsContent'],
  ...['searchResult', 'json'],
]);
export const mediaBlocks: ReadonlySet<string> = new Set(['image', 'document', 'video', 'audio']);

/** A block is an object with one member, which says what it is. */
export const blockKind = (block: JsonNode): string => {
  if (block.kind !== 'object') return '';
  const names = [...block.members].filter(([, value]) => !(value.kind === 'word' && value.value === null));
  return names.length === 1 ? names[0]![0] : '';
};

export const isKnownBlock = (kind: string): boolean => plainBlocks.has(kind) || mediaBlocks.has(kind);

/** Of the model's own, signed: changed by nobody. */
export const sealed = 'reasoningContent';

/** What the API has chosen, and bytes, in which a detector would find what is not there. */
export const opaque: ReadonlySet<string> = new Set([
  ...['toolUseId', 'role', 'status', 'format', 'bytes', 'signature', 'redactedContent', 'stopReason', 'type', 'p'],
  ...[sealed, 'cachePoint'],
]);

/** JSON of the model's or a tool's own: the names in it say nothing of what stands there. */
export const ownJson: ReadonlySet<string> = new Set(['input', 'json']);

export const isServerCall = (document: Uint8Array, call: JsonNode | undefined): boolean => {
  const type = member(call, 'type');
  return (
    type?.kind === 'string' && Buffer.from(document.subarray(type.start, type.end)).toString() === '"server_tool_use"'
  );
};
