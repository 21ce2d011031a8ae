/**
 * What is hidden in a request to Converse: in the conversation whatever the rules name, block by block, so that what went to
 * the model once goes to it again as it was; elsewhere (system, tools, settings) a secret and nothing else.
 */
import { edit, itemsOf, type JsonEdit, type JsonNode, type JsonObject, member } from '../json-spans.js';
import { maskedInput } from '../line/tool-input.js';
import { Hidden, TextMasker } from '../text-masker.js';
import type { MaskedRequest, RequestMasking } from '../types.js';
import { converseEdits, type LeafMasking } from './converse-leaves.js';

const leafMasking = (masker: TextMasker): LeafMasking => ({
  string: (document, node) => masker.string(document, node),
  input: (text) => maskedInput(text, masker),
});

/** Names that the provider looks up. */
const settings = new Set(['modelId', 'guardrailConfig', 'additionalModelResponseFieldPaths', 'serviceTier']);

export const maskConverse = (document: Uint8Array, body: JsonObject, masking: RequestMasking): MaskedRequest => {
  const hidden = new Hidden();
  const all = leafMasking(new TextMasker(masking, hidden));
  const secrets = leafMasking(TextMasker.ofSecrets(masking, hidden));
  const block = (node: JsonNode): JsonEdit[] => onceMasked(document, node, { masking, leaves: all });
  const edits = [...body.members].flatMap(([name, value]) => {
    if (settings.has(name)) return [];
    if (name !== 'messages') return converseEdits(document, value, { masking: secrets });
    return itemsOf(value).flatMap((message) => itemsOf(member(message, 'content')).flatMap(block));
  });
  return { body: edit(document, edits), maskedFields: hidden.fields, maskedBy: hidden.rules };
};

interface Once {
  readonly masking: RequestMasking;
  readonly leaves: LeafMasking;
}

const onceMasked = (document: Uint8Array, node: JsonNode, { masking, leaves }: Once): JsonEdit[] => {
  const { start, end } = node;
  const block = document.subarray(start, end);
  const before = masking.ledger.find(block);
  const sent = before ?? maskedBlock(document, node, leaves);
  if (before === undefined) masking.ledger.keep(Uint8Array.from(block), sent);
  return Buffer.compare(sent, block) === 0 ? [] : [{ start, end, bytes: sent }];
};

const maskedBlock = (document: Uint8Array, node: JsonNode, leaves: LeafMasking): Uint8Array => {
  const edits = converseEdits(document, node, { masking: leaves });
  const within = edits.map((one) => ({ ...one, start: one.start - node.start, end: one.end - node.start }));
  return Uint8Array.from(edit(document.subarray(node.start, node.end), within));
};
