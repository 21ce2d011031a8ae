/** Items of an answer of the Responses API as they may pass: in an event of their own, or in the list of the whole. */
import { itemsOf, type JsonEdit, type JsonNode, member } from '../json-spans.js';
import type { Decision, Decisions } from './decisions.js';
import { isOpaque, untouchedIn } from './opaque.js';
import { callEdits, callIn, type FoundCall, identityOf, toolCall } from './response-call.js';
import { denialItem } from './spoken-denial.js';

export interface Appearance {
  /** Its texts have not been counted before. */
  readonly isNew: boolean;
}

/** Asks about a call, the first time that it appears. */
export const decisionAbout = (found: FoundCall, decisions: Decisions): Promise<Decision> =>
  decisions.about(identityOf(found), (texts, request) => toolCall(found, texts, request));

export const isDecided = (document: Uint8Array, item: JsonNode, decisions: Decisions): boolean => {
  const found = callIn(document, item);
  return found !== undefined && decisions.find(identityOf(found)) !== undefined;
};

const denied = (found: FoundCall, text: string): Uint8Array =>
  Buffer.from(JSON.stringify(denialItem({ itemId: found.itemId, callId: found.id, text })));

export const itemEdits = async (
  document: Uint8Array,
  item: JsonNode,
  { decisions, isNew }: Appearance & { readonly decisions: Decisions },
): Promise<JsonEdit[]> => {
  const { texts } = decisions;
  const found = callIn(document, item);
  const skip = new Set(untouchedIn(document, item));
  if (found === undefined) return texts.leaves(document, item, { opaque: isOpaque, isNew, skip });
  const { call, denial } = await decisionAbout(found, decisions);
  if (denial !== undefined) return [{ start: item.start, end: item.end, bytes: denied(found, denial) }];
  return callEdits(document, item, found, { masked: call.input, texts, skip });
};

/** Of a whole answer, as the API tells it in the end, or at once where it is not asked to stream. */
export const responseEdits = async (
  document: Uint8Array,
  response: JsonNode,
  { decisions, isNew }: Appearance & { readonly decisions: Decisions },
): Promise<JsonEdit[]> => {
  const output = member(response, 'output');
  const edits: JsonEdit[] = [];
  for (const item of itemsOf(output)) edits.push(...(await itemEdits(document, item, { decisions, isNew })));
  const skip = new Set(output?.kind === 'array' ? [output] : []);
  edits.push(...decisions.texts.leaves(document, response, { opaque: isOpaque, isNew: false, skip }));
  return edits.sort((left, right) => left.start - right.start);
};
