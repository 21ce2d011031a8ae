/** What in an answer no text stands in: names and states that the API has chosen, and what must come back as it was. */
import { type JsonNode, member, stringOf } from '../json-spans.js';
import type { IsOpaque } from '../line/answer-texts.js';

const names = new Set([
  ...['id', 'item_id', 'call_id', 'response_id', 'previous_response_id', 'tool_call_id', 'approval_request_id'],
  ...['container_id', 'file_id', 'created_by', 'type', 'object', 'role', 'status', 'phase', 'model', 'finish_reason'],
  ...['service_tier', 'system_fingerprint', 'obfuscation', 'encrypted_content', 'partial_image_b64'],
]);

/** Below these the names are the model's own, and say nothing of what stands there. */
const free = new Set(['action', 'actions', 'operation', 'attributes', 'metadata', 'outputs']);

export const isOpaque: IsOpaque = (path) => {
  const last = path.at(-1);
  return (
    typeof last === 'string' && names.has(last) && !path.some((name) => typeof name === 'string' && free.has(name))
  );
};

const thoughts = new Set(['reasoning', 'compaction', 'reasoning_text', 'summary_text']);

/** @returns the values within an item that nothing is hidden in: thoughts whole, the bytes of an image */
export const untouchedIn = (document: Uint8Array, item: JsonNode): readonly JsonNode[] => {
  const type = stringOf(document, member(item, 'type')) ?? '';
  if (thoughts.has(type)) return [item];
  const image = type === 'image_generation_call' ? member(item, 'result') : undefined;
  return image === undefined ? [] : [image];
};
