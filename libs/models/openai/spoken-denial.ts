/** What stands in the place of a call that is denied: a message of the model with the text. */

const messageId = (itemId: string | undefined, callId: string): string =>
  // The API takes back a message under no other kind of id.
  `msg_${(itemId ?? callId).replace(/^[a-z]+_/, '')}`;

export interface Denial {
  readonly itemId: string | undefined;
  readonly callId: string;
  readonly text: string;
}

const part = (text: string) => ({ type: 'output_text', annotations: [], logprobs: [], text });

const item = (denial: Denial, status: string, content: readonly unknown[]) => ({
  id: messageId(denial.itemId, denial.callId),
  type: 'message',
  status,
  role: 'assistant',
  content,
});

export const denialItem = (denial: Denial): unknown => item(denial, 'completed', [part(denial.text)]);

/** The events by which the API tells such a message, in their order. */
export const denialEvents = (denial: Denial, output_index: number): readonly { readonly type: string }[] => {
  const at = { item_id: messageId(denial.itemId, denial.callId), output_index, content_index: 0 };
  const { text } = denial;
  return [
    { type: 'response.output_item.added', output_index, item: item(denial, 'in_progress', []) },
    { type: 'response.content_part.added', ...at, part: part('') },
    { type: 'response.output_text.delta', ...at, delta: text, logprobs: [] },
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: part(text) },
    { type: 'response.output_item.done', output_index, item: denialItem(denial) },
  ].map((event) => event as { readonly type: string });
};
