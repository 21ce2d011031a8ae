/** A request to the Responses API, described. */
import type { ModelRequest, News } from '../types.js';
import { contentTexts } from './content-parts.js';
import { Findings } from './findings.js';
import { isKnownItem, itemKind, itemType } from './item-types.js';
import { newsOf, type Said, textNews } from './news.js';
import { offeredTool } from './offered-tools.js';
import { countOf, invalid, isAbsent, isMembers, listOf, type Members, memberOf, textOf } from './values.js';

const known = new Set([
  ...['background', 'client_metadata', 'context_management', 'conversation', 'include', 'input', 'instructions'],
  ...['max_output_tokens', 'max_tool_calls', 'metadata', 'model', 'moderation', 'parallel_tool_calls'],
  ...['previous_response_id', 'prompt', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention'],
  ...['reasoning', 'safety_identifier', 'service_tier', 'store', 'stream', 'stream_options', 'temperature', 'text'],
  ...['tool_choice', 'tools', 'top_logprobs', 'top_p', 'truncation', 'user'],
]);

const roles = new Set(['user', 'assistant', 'system', 'developer', 'tool', 'discriminator', 'critic']);

/** Of a result: a text, parts, or what a shell has written. */
const outputTexts = (item: Members, found: Findings): readonly string[] => {
  const output = memberOf(item, 'output');
  if (!itemType(item).startsWith('shell_call') || !Array.isArray(output)) return contentTexts(output, found);
  return output.flatMap((one: unknown) => [textOf(one, 'stdout') ?? '', textOf(one, 'stderr') ?? '']);
};

const hasFailed = (item: Members): boolean =>
  ['failed', 'incomplete'].includes(textOf(item, 'status') ?? '') ||
  listOf(item, 'output').some((one) => (countOf(memberOf(one, 'outcome'), 'exit_code') ?? 0) !== 0);

const resultNews = (item: Members, texts: readonly string[]): News => ({
  kind: 'tool-result',
  id: textOf(item, 'call_id') ?? textOf(item, 'id') ?? '',
  text: texts.filter((text) => text !== '').join('\n'),
  isError: hasFailed(item),
});

const saidBy = (item: Members, type: string, found: Findings): Said => {
  const kind = itemKind(type);
  if (kind === 'message') {
    const role = textOf(item, 'role');
    const texts = contentTexts(memberOf(item, 'content'), found);
    return { byModel: role === 'assistant', news: () => textNews(role, texts) };
  }
  if (kind === 'result') {
    const texts = outputTexts(item, found);
    return { byModel: false, news: () => [resultNews(item, texts)] };
  }
  return { byModel: kind === 'call' || kind === 'reasoning', news: () => [] };
};

const readItem = (item: unknown, found: Findings): Said => {
  if (!isMembers(item)) throw invalid('an item of the input is not an object');
  const type = itemType(item);
  if (!isKnownItem(type)) found.flags.add('unknown-blocks');
  if (itemKind(type) === 'reference') found.flags.add('stored-state');
  const role = textOf(item, 'role');
  if (role !== undefined && !roles.has(role)) found.flags.add('unknown-blocks');
  for (const tool of listOf(item, 'tools')) if (itemKind(type) === 'note') offeredTool(tool, found);
  return saidBy(item, type, found);
};

/** @returns how many messages there are */
const readInput = (input: unknown, found: Findings): number => {
  if (isAbsent(input)) return 0;
  if (typeof input === 'string') {
    found.news.push(...textNews('user', [input]));
    return 1;
  }
  if (!Array.isArray(input)) throw invalid('the input is neither a text nor a list');
  const conversation = input.map((item) => readItem(item, found));
  found.news.push(...newsOf(conversation));
  return input.filter((item: unknown) => isMembers(item) && itemKind(itemType(item)) === 'message').length;
};

const readState = (body: Members, found: Findings): void => {
  const { flags } = found;
  for (const name of ['previous_response_id', 'conversation', 'prompt'])
    if (!isAbsent(memberOf(body, name))) flags.add('stored-state');
  // Unless it is told not to, this API keeps every answer for later requests.
  if (body['background'] === true || memberOf(body, 'store') !== false) flags.add('background');
};

/** Codex names the conversation in each of these; what the provider calls it comes last. */
const conversationIn = (body: Members): string | undefined => {
  const kept = memberOf(body, 'conversation');
  const named = memberOf(body, 'client_metadata');
  return (
    textOf(body, 'prompt_cache_key') ??
    textOf(named, 'session_id') ??
    textOf(named, 'thread_id') ??
    (typeof kept === 'string' ? kept : textOf(kept, 'id'))
  );
};

/** @param bytes how long the body is */
export const describeResponses = (body: Members, bytes: number): ModelRequest => {
  const model = textOf(body, 'model');
  if (model === undefined || model === '') throw invalid('the request names no model');
  const found = new Findings();
  const messages = readInput(memberOf(body, 'input'), found);
  for (const tool of listOf(body, 'tools')) offeredTool(tool, found);
  readState(body, found);
  const unknownMembers = found.unknown(body, known);
  const maxOutputTokens = countOf(body, 'max_output_tokens');
  const conversation = conversationIn(body);
  return {
    api: 'openai.responses',
    model,
    stream: body['stream'] === true,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    inputTokensAtMost: found.tokensAtMost(bytes),
    messages,
    ...found.said,
    unknownMembers,
    ...(conversation === undefined ? {} : { conversation }),
  };
};
