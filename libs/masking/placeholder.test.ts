import { expect, test } from 'vitest';
import { compileMasking, detectorNames, longestPlaceholder, placeholderOf } from './index.js';

const key = new Uint8Array(32);
const all = compileMasking([{ id: 'all', kind: 'detector', detector: '*', action: 'redact' }], { key });
const conversation = all.forConversation((kind) => placeholderOf(kind, '0123456789ab'));
const found = (text: string) => conversation.finder(Buffer.from(text))(0, Buffer.byteLength(text));
const tags = ['000000000000', '123456789012', '523487719abc', 'a4111111111b', 'ffffffffffff'];

test.each(detectorNames)('nothing is found in the placeholder of a value that is a %s', (kind) => {
  for (const tag of tags) {
    const placeholder = placeholderOf(kind, tag);
    expect(Buffer.byteLength(placeholder)).toBeLessThanOrEqual(longestPlaceholder);
    for (const around of ['', ' ', 'x', '"', '@example.com', '1'])
      expect(found(`${around}${placeholder}${around}`), `${around}${placeholder}`).toBeUndefined();
  }
});

test('a kind of any length makes a placeholder', () => {
  expect(Buffer.byteLength(placeholderOf('x'.repeat(500), '0123456789ab'))).toBe(longestPlaceholder);
});

test('a masker without rules hides secrets in a conversation, and nothing else', () => {
  const none = compileMasking([], { key }).forConversation((kind) => placeholderOf(kind, '0123456789ab'));
  const text = Buffer.from(`${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D ada@example.com`);
  const findings = none.finder(text)(0, text.length);
  expect(findings).toMatchObject({ hidden: 1, rules: ['secrets'], nulls: false });
  expect(Buffer.from(findings!.replacements[0]!.bytes).toString()).toBe('⟦SALLYPORT-TICKET:0123456789ab⟧');
});

test('what a stream has not let go of is counted', () => {
  const stream = conversation.stream();
  expect(stream.push(Buffer.from('and ada@exam')).length).toBe(4);
  expect(stream.pending).toBe(8);
  stream.end();
  expect(stream.pending).toBe(0);
});
