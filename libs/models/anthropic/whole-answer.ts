/** An answer that is not streamed: a message, an error, or what some proxy has to say instead. */
import { isUtf8 } from 'node:buffer';
import { edit, itemsOf, type JsonEdit, type JsonNode, jsonString, member, parseJson } from '../json-spans.js';
import { type AnswerState, notUnderstood } from './answer-state.js';
import { type Read, textIn, typeIn } from './body.js';
import { isResultBlock, sealedBlocks } from './kinds.js';
import { leafEdits } from './leaves.js';
import { settle } from './tool-call.js';
import { usageAfter, usageIn } from './usage.js';

export const messageAnswer = async (document: Uint8Array, state: AnswerState): Promise<Uint8Array> => {
  const node = parseJson(document, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'the answer' });
  const answer = { document, node };
  if (typeIn(answer) === 'error') return errorAnswer(answer, state);
  if (node.kind !== 'object') throw notUnderstood('the answer is not a JSON object');
  const usage = usageIn(document, node);
  const model = textIn(answer, 'model') ?? state.masking.request.model;
  if (usage !== undefined) state.usage = usageAfter(undefined, model, usage);
  const content = member(node, 'content');
  const edits = leafEdits(document, node, state.masker, content?.kind === 'array' ? content : undefined);
  for (const block of itemsOf(content)) edits.push(...(await blockEdits({ document, node: block }, state)));
  return edit(
    document,
    [...edits, ...stopEdits(answer, state)].sort((left, right) => left.start - right.start),
  );
};

const stopEdits = (answer: Read, state: AnswerState): JsonEdit[] => {
  const told = textIn(answer, 'stop_reason');
  const reason = state.stopReasonFor(told);
  if (reason !== undefined) state.stopReason = reason;
  if (reason === undefined || reason === told) return [];
  const { start, end } = member(answer.node, 'stop_reason')!;
  return [{ start, end, bytes: jsonString(reason) }];
};

const blockEdits = async (block: Read, state: AnswerState): Promise<JsonEdit[]> => {
  const { document, node } = block;
  const type = typeIn(block);
  if (sealedBlocks.has(type)) return [];
  const input = member(node, 'input');
  if (type.endsWith('tool_use') || input !== undefined) return callEdits(block, input, state);
  const edits = leafEdits(document, node, state.masker);
  const text = member(node, 'text');
  if (text?.kind === 'string') remember('text', text, { document, edits, state });
  const content = member(node, 'content');
  const id = textIn(block, 'tool_use_id');
  if (content !== undefined && id !== undefined && isResultBlock(type))
    remember('content', content, { document, edits, state, id });
  return edits;
};

interface Remembered {
  readonly document: Uint8Array;
  readonly edits: readonly JsonEdit[];
  readonly state: AnswerState;
  readonly id?: string;
}

const remember = (kind: 'text' | 'content', value: JsonNode, { document, edits, state, id }: Remembered): void => {
  const inside = edits.filter(({ start }) => start >= value.start && start < value.end);
  const said = document.subarray(value.start, value.end);
  const moved = inside.map((one) => ({ ...one, start: one.start - value.start, end: one.end - value.start }));
  const shown = Buffer.from(edit(said, moved)).toString();
  const text = kind === 'text' ? (JSON.parse(shown) as string) : shown;
  if (kind === 'text') state.shown(text);
  state.spoken.keep(kind, id ?? text, inside.length === 0 ? undefined : said);
};

const callEdits = async (block: Read, input: JsonNode | undefined, state: AnswerState): Promise<JsonEdit[]> => {
  const { document, node } = block;
  const text = input === undefined ? '{}' : Buffer.from(document.subarray(input.start, input.end)).toString();
  const { call, denial } = await settle(state, block, text);
  if (denial !== undefined)
    return [{ start: node.start, end: node.end, bytes: Buffer.from(JSON.stringify({ type: 'text', text: denial })) }];
  const edits = leafEdits(document, node, state.masker, input);
  if (input === undefined || call.input === text) return edits;
  return [...edits, { start: input.start, end: input.end, bytes: Buffer.from(call.input) }];
};

/** Clients read the words of an error: only values in them are hidden. */
const errorAnswer = ({ document, node }: Read, state: AnswerState): Uint8Array => {
  const error = member(node, 'error');
  state.errorType = (error && textIn({ document, node: error }, 'type')) ?? 'error';
  return edit(document, leafEdits(document, node, state.masker));
};

/** @param isJson it says so */
export const failedAnswer = (document: Uint8Array, isJson: boolean, state: AnswerState): Uint8Array => {
  state.errorType = 'error';
  if (!isUtf8(document)) throw notUnderstood('the answer is no text');
  const node = isJson ? treeOf(document) : undefined;
  if (node !== undefined) return errorAnswer({ document, node }, state);
  const text = Buffer.from(document).toString();
  const masked = state.masker.text(text);
  return masked === text ? document : Buffer.from(masked);
};

const treeOf = (document: Uint8Array): JsonNode | undefined => {
  try {
    return parseJson(document);
  } catch {
    return undefined;
  }
};
