/** A tool call in an answer of the Responses API. */
import { type JsonEdit, type JsonNode, jsonString, member, stringOf } from '../json-spans.js';
import type { AnswerTexts } from '../line/answer-texts.js';
import type { ModelRequest, ToolCall } from '../types.js';
import { callName, callShape } from './item-types.js';
import { isOpaque } from './opaque.js';
import { isMembers } from './values.js';

export interface FoundCall {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly byProvider: boolean;
  /** As the model wrote it; the text of a string. */
  readonly input: string;
  /** The member that is the input; absent where all of the item is. */
  readonly inputMember?: string;
  readonly itemId?: string;
}

/** Equal for two appearances of the same call only. */
export const identityOf = ({ type, id, name, input }: FoundCall): string => JSON.stringify([type, id, name, input]);

const rawOf = (document: Uint8Array, { start, end }: JsonNode): string =>
  Buffer.from(document.subarray(start, end)).toString();

/** One member that holds the input; where there are several, nobody knows which of them counts, and all of it does. */
const inputIn = (item: JsonNode, names: readonly string[]): readonly [string, JsonNode] | undefined => {
  const there = names.flatMap((name): [string, JsonNode][] => {
    const node = member(item, name);
    return node === undefined || (node.kind === 'word' && node.value === null) ? [] : [[name, node]];
  });
  return there.length === 1 ? there[0] : undefined;
};

/** @returns undefined where the item is no call */
export const callIn = (document: Uint8Array, item: JsonNode): FoundCall | undefined => {
  const type = stringOf(document, member(item, 'type')) ?? '';
  const shape = callShape(type);
  const values: unknown = shape && JSON.parse(rawOf(document, item));
  if (shape === undefined || !isMembers(values)) return undefined;
  const found = inputIn(item, shape.input);
  const itemId = stringOf(document, member(item, 'id'));
  return {
    type,
    id: stringOf(document, member(item, 'call_id')) ?? itemId ?? '',
    name: callName(values, type),
    byProvider: shape.byProvider(values),
    input: found === undefined ? rawOf(document, item) : (stringOf(document, found[1]) ?? rawOf(document, found[1])),
    ...(found === undefined ? {} : { inputMember: found[0] }),
    ...(itemId === undefined ? {} : { itemId }),
  };
};

const isDeclared = ({ name, type, byProvider }: FoundCall, request: ModelRequest): boolean => {
  if (!byProvider && type !== 'mcp_approval_request') return request.tools.includes(name);
  const wanted = type.startsWith('mcp') ? 'mcp' : type === 'program' ? 'programmatic_tool_calling' : name;
  return request.serverTools.some((offered) => offered.startsWith(wanted));
};

export const toolCall = (found: FoundCall, texts: AnswerTexts, request: ModelRequest): ToolCall => ({
  id: found.id,
  name: texts.text(found.name),
  input: texts.input(found.input),
  byProvider: found.byProvider,
  declared: isDeclared(found, request),
});

/** What is hidden in the item of a call: its input as `decide` was shown it, and every other text. */
export const callEdits = (
  document: Uint8Array,
  item: JsonNode,
  { input, inputMember }: FoundCall,
  {
    masked,
    texts,
    skip,
  }: { readonly masked: string; readonly texts: AnswerTexts; readonly skip: ReadonlySet<JsonNode> },
): JsonEdit[] => {
  const node = inputMember === undefined ? undefined : member(item, inputMember);
  const seenTo = new Set([...skip, ...(node === undefined ? [] : [node])]);
  const edits = texts.leaves(document, item, { opaque: isOpaque, skip: seenTo, isNew: false });
  if (node === undefined || masked === input) return edits;
  const bytes = node.kind === 'string' ? jsonString(masked) : Buffer.from(masked);
  return [...edits, { start: node.start, end: node.end, bytes }];
};
