/** Chat Completions. */
import {
  edit,
  itemsOf,
  type JsonEdit,
  type JsonNode,
  jsonString,
  member,
  parseRequest,
  stringOf,
} from '../json-spans.js';
import type { AnswerTexts } from '../line/answer-texts.js';
import type { ModelApi } from '../types.js';
import { type AnswerApi, maskedAnswer } from './answer.js';
import { readCompletion } from './answer-facts.js';
import {
  allowedCalls,
  ChatCalls,
  callInputs,
  type DecidedCall,
  decideCalls,
  denialText,
  isUnchanged,
} from './chat-calls.js';
import { choiceIndex } from './chat-chunk.js';
import { ChatStream } from './chat-stream.js';
import { askUsage } from './chat-usage.js';
import type { Decisions } from './decisions.js';
import { chatRequest } from './describe.js';
import { isOpaque } from './opaque.js';
import { readAnswer } from './received.js';
import { RequestEdits } from './request-edits.js';
import { isMembers, textOf } from './values.js';

/** The message without its calls, its texts masked; then those calls that are allowed, and why the others are not. */
const retold = (message: Uint8Array, decided: readonly DecidedCall[], texts: AnswerTexts): Uint8Array => {
  const node = readAnswer(message);
  const masked = edit(message, texts.leaves(message, node, { opaque: isOpaque, skip: new Set(callInputs(node)) }));
  const values: unknown = JSON.parse(Buffer.from(masked).toString());
  const { tool_calls: _, function_call: __, ...rest } = isMembers(values) ? values : {};
  const said = [textOf(rest, 'content') ?? '', denialText(decided)].filter((text) => text !== '').join('\n\n');
  const content = said === '' ? null : said;
  return Buffer.from(JSON.stringify({ ...rest, content, ...allowedCalls(decided, false) }));
};

const callsOf = async (
  document: Uint8Array,
  choice: JsonNode,
  { id, decisions }: Asked,
): Promise<readonly DecidedCall[]> => {
  const calls = new ChatCalls();
  calls.add(document, member(choice, 'message'));
  const index = choiceIndex(choice);
  return decideCalls(calls.all, index === 0 ? id : `${id}.${index}`, decisions);
};

interface Asked {
  readonly id: string;
  readonly decisions: Decisions;
}

const choiceEdits = async (document: Uint8Array, choice: JsonNode, asked: Asked): Promise<JsonEdit[]> => {
  const { texts } = asked.decisions;
  const message = member(choice, 'message');
  const decided = await callsOf(document, choice, asked);
  if (message === undefined || decided.every(isUnchanged))
    return texts.leaves(document, choice, { opaque: isOpaque, skip: new Set(callInputs(message)) });
  const { start, end } = message;
  const edits = texts.leaves(document, choice, { opaque: isOpaque, skip: new Set([message]) });
  edits.push({ start, end, bytes: retold(document.subarray(start, end), decided, texts) });
  const reason = member(choice, 'finish_reason');
  if (reason?.kind === 'string' && Object.keys(allowedCalls(decided, false)).length === 0)
    edits.push({ start: reason.start, end: reason.end, bytes: jsonString('stop') });
  return edits;
};

const answers: AnswerApi = {
  stream: (decisions, facts, request) => new ChatStream(decisions, facts, request.hidesUsage === true),
  edits: async (document, node, told) => {
    readCompletion(told.facts, document, node);
    const { decisions } = told;
    const choices = member(node, 'choices');
    const id = stringOf(document, member(node, 'id')) ?? '';
    const edits: JsonEdit[] = [];
    for (const choice of itemsOf(choices)) edits.push(...(await choiceEdits(document, choice, { id, decisions })));
    const skip = new Set(choices?.kind === 'array' ? [choices] : []);
    edits.push(...decisions.texts.leaves(document, node, { opaque: isOpaque, skip }));
    return edits.sort((left, right) => left.start - right.start);
  },
};

export const openaiChat: ModelApi = {
  name: 'openai.chat',
  describe: chatRequest,
  maskRequest: (body, masking) => {
    const edits = new RequestEdits(body, masking);
    const node = parseRequest(body);
    const usage = chatRequest(body).hidesUsage === true ? askUsage(node) : [];
    return edits.masked([...edits.of(node, 'messages'), ...usage].sort((left, right) => left.start - right.start));
  },
  maskResponse: (shape, body, masking) => maskedAnswer(answers, { shape, body }, masking),
};
