/** A request to Chat Completions, described. */
import type { ModelRequest, News } from '../types.js';
import { contentTexts } from './content-parts.js';
import { Findings } from './findings.js';
import { newsOf, type Said, textNews } from './news.js';
import { offeredTool } from './offered-tools.js';
import { countOf, invalid, isAbsent, isMembers, listOf, type Members, memberOf, textOf } from './values.js';

const known = new Set([
  ...['audio', 'frequency_penalty', 'function_call', 'functions', 'logit_bias', 'logprobs', 'max_completion_tokens'],
  ...['max_tokens', 'messages', 'metadata', 'modalities', 'model', 'moderation', 'n', 'parallel_tool_calls'],
  ...['prediction', 'presence_penalty', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention'],
  ...['reasoning_effort', 'response_format', 'safety_identifier', 'seed', 'service_tier', 'stop', 'store', 'stream'],
  ...['stream_options', 'temperature', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'user', 'verbosity'],
  ...['web_search_options'],
]);

const roles = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

const newsIn = (message: Members, role: string, texts: readonly string[]): News[] => {
  if (role !== 'tool' && role !== 'function') return textNews(role, texts);
  const id = textOf(message, 'tool_call_id') ?? textOf(message, 'name') ?? '';
  return [{ kind: 'tool-result', id, text: texts.join('\n'), isError: false }];
};

const readMessage = (message: unknown, found: Findings): Said => {
  if (!isMembers(message)) throw invalid('a message is not an object');
  const role = textOf(message, 'role');
  if (role === undefined) throw invalid('a message has no role');
  if (!roles.has(role)) found.flags.add('unknown-blocks');
  // The sound of an earlier answer, which the provider has kept.
  if (!isAbsent(memberOf(message, 'audio'))) found.flags.add('stored-state');
  const texts = contentTexts(memberOf(message, 'content'), found);
  return { byModel: role === 'assistant', news: () => newsIn(message, role, texts) };
};

const readTools = (body: Members, found: Findings): void => {
  for (const tool of listOf(body, 'tools')) offeredTool(tool, found);
  for (const tool of listOf(body, 'functions')) found.tools.add(textOf(tool, 'name') ?? '');
  if (isAbsent(memberOf(body, 'web_search_options'))) return;
  found.serverTools.add('web_search');
  found.flags.add('server-tools');
};

/** Of all the answers that are asked for. */
const mostTokens = (body: Members): number | undefined => {
  const each = countOf(body, 'max_completion_tokens') ?? countOf(body, 'max_tokens');
  return each === undefined ? undefined : each * Math.max(1, countOf(body, 'n') ?? 1);
};

const hidesUsage = (body: Members): boolean =>
  body['stream'] === true && memberOf(memberOf(body, 'stream_options'), 'include_usage') !== true;

/** @param bytes how long the body is */
export const describeChat = (body: Members, bytes: number): ModelRequest => {
  const model = textOf(body, 'model');
  if (model === undefined || model === '') throw invalid('the request names no model');
  const messages = memberOf(body, 'messages');
  if (!Array.isArray(messages)) throw invalid('the request has no messages');
  const found = new Findings();
  found.news.push(...newsOf(messages.map((message) => readMessage(message, found))));
  readTools(body, found);
  if (body['store'] === true) found.flags.add('background');
  const unknownMembers = found.unknown(body, known);
  const maxOutputTokens = mostTokens(body);
  const conversation = textOf(body, 'prompt_cache_key');
  return {
    api: 'openai.chat',
    model,
    stream: body['stream'] === true,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    inputTokensAtMost: found.tokensAtMost(bytes),
    messages: messages.length,
    ...found.said,
    unknownMembers,
    ...(hidesUsage(body) ? { hidesUsage: true } : {}),
    ...(conversation === undefined ? {} : { conversation }),
  };
};
