/** What has come since the model's last answer. */
import { type JsonNode, member } from '../json-spans.js';
import type { News } from '../types.js';
import { blocksOf, type Read, textIn, typeIn } from './body.js';
import { textNews } from './client-text.js';
import { isTrue, resultText } from './findings.js';

/**
 * Behind the model's last answer. One that stands at the very end is none yet: the client has put it into the model's
 * mouth, to be gone on with, and what stands before it is news.
 */
export const newsOf = (document: Uint8Array, messages: readonly JsonNode[]): News[] => {
  const byModel = (node: JsonNode): boolean => textIn({ document, node }, 'role') === 'assistant';
  const end = messages.findLastIndex((message) => !byModel(message)) + 1;
  const begin = messages.slice(0, end).findLastIndex(byModel) + 1;
  return messages.slice(begin, end).flatMap((node) => inMessage({ document, node }));
};

const inMessage = (message: Read): News[] => {
  const isUsers = textIn(message, 'role') === 'user';
  const whole = textIn(message, 'content');
  if (whole !== undefined) return texts(whole, isUsers);
  const { document } = message;
  return blocksOf(member(message.node, 'content')).flatMap((node) => inBlock({ document, node }, isUsers));
};

const inBlock = (block: Read, isUsers: boolean): News[] => {
  if (typeIn(block) === 'tool_result') return [resultNews(block)];
  const text = textIn(block, 'text');
  return text === undefined ? [] : texts(text, isUsers);
};

/** Any other role than the user's speaks for the client. */
const texts = (text: string, isUsers: boolean): News[] =>
  isUsers ? textNews(text) : [{ kind: 'text', text, of: 'reminder' }];

const resultNews = (block: Read): News => ({
  kind: 'tool-result',
  id: textIn(block, 'tool_use_id') ?? '',
  text: resultText(block),
  isError: isTrue(member(block.node, 'is_error')),
});
