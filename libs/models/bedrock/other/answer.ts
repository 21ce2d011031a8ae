/** An answer in the words of a maker that is not known, where it comes whole. */
import type { JsonEdit, JsonNode } from '../../json-spans.js';
import { textOf } from '../../json-spans.js';
import type { AnswerTexts } from '../../line/answer-texts.js';
import type { AnswerApi } from '../../openai/answer.js';
import { notUnderstood } from '../../openai/received.js';
import { mediumIn, valuesIn } from './body.js';
import { callsIn, OtherCalls } from './calls.js';
import { assertPlainNames } from './request.js';

/** @param skip strings that are seen to otherwise */
export const otherEdits = (
  document: Uint8Array,
  node: JsonNode,
  { texts, skip = new Set() }: { readonly texts: AnswerTexts; readonly skip?: ReadonlySet<JsonNode> },
): JsonEdit[] => {
  assertPlainNames(node, { text: (name) => texts.text(name, false) }, () =>
    notUnderstood('a name in the answer has a value that must be hidden'),
  );
  return [...valuesIn(node)].flatMap(({ node: one }) => {
    if (one.kind !== 'string' || skip.has(one) || mediumIn(textOf(document, one)) !== undefined) return [];
    return texts.shown(document, one) ?? [];
  });
};

export const otherAnswers: AnswerApi = {
  stream: () => {
    throw notUnderstood('InvokeModel answers in no server-sent events');
  },
  edits: async (document, node, { decisions }) => {
    const calls = new OtherCalls();
    calls.add(document, callsIn(node));
    await calls.decide(decisions);
    return otherEdits(document, node, decisions);
  },
};
