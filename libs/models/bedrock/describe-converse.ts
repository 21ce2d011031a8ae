/** A request to Converse, described. */
import { itemsOf, type JsonNode, type JsonObject, member, parseRequest, scalarOf, stringOf } from '../json-spans.js';
import { Findings } from '../openai/findings.js';
import { kindOfText } from '../openai/marked-texts.js';
import { newsOf, type Said } from '../openai/news.js';
import { invalid } from '../openai/values.js';
import type { ModelRequest, News } from '../types.js';
import { blockKind, isKnownBlock, knownMembers, mediaBlocks } from './converse-body.js';
import type { BedrockTarget } from './frames.js';

/** @throws GatewayError INVALID_INPUT */
export const readConverse = (document: Uint8Array): JsonObject => converseIn(parseRequest(document));

/** @throws GatewayError INVALID_INPUT */
export const converseIn = (body: JsonNode): JsonObject => {
  if (body.kind !== 'object') throw invalid('the request is not a JSON object');
  for (const [name, holder] of [
    ['messages', body],
    ['system', body],
    ['tools', member(body, 'toolConfig')],
  ] as const) {
    const value = member(holder, name);
    if (value !== undefined && value.kind !== 'array' && scalarOf(value) !== null)
      throw invalid(`"${name}" is not a list`);
  }
  return body;
};

class Reader {
  readonly found = new Findings();

  constructor(private readonly document: Uint8Array) {}

  text(node: JsonNode | undefined, name: string): string | undefined {
    return stringOf(this.document, member(node, name));
  }

  block(block: JsonNode): void {
    const kind = blockKind(block);
    if (!isKnownBlock(kind)) this.found.flags.add('unknown-blocks');
    const inner = member(block, kind);
    if (mediaBlocks.has(kind)) this.#medium(kind, member(inner, 'source'));
    if (kind === 'guardContent' && member(inner, 'image') !== undefined) this.#medium('image', member(inner, 'image'));
    for (const one of itemsOf(member(inner, 'content'))) this.block(one);
  }

  #medium(kind: string, source: JsonNode | undefined): void {
    this.found.media.add(kind);
    this.found.parts += 1;
    if (member(source, 's3Location') !== undefined) this.found.flags.add('remote-source');
  }

  tool(tool: JsonNode): void {
    const { tools, serverTools, flags } = this.found;
    const kind = blockKind(tool);
    if (kind === 'toolSpec') tools.add(this.text(member(tool, kind), 'name') ?? '');
    else if (kind !== 'cachePoint') {
      serverTools.add(this.text(member(tool, kind), 'name') ?? kind);
      flags.add('server-tools');
      if (kind !== 'systemTool') flags.add('unknown-blocks');
    }
  }

  said(message: JsonNode): Said {
    if (message.kind !== 'object') throw invalid('a message is not an object');
    const role = this.text(message, 'role');
    const blocks = itemsOf(member(message, 'content'));
    for (const block of blocks) this.block(block);
    return { byModel: role === 'assistant', news: () => blocks.flatMap((block) => this.#news(block)) };
  }

  #news(block: JsonNode): News[] {
    const result = member(block, 'toolResult');
    if (result !== undefined)
      return [
        {
          kind: 'tool-result',
          id: this.text(result, 'toolUseId') ?? '',
          text: itemsOf(member(result, 'content'))
            .map((part) => this.#resultText(part))
            .join('\n'),
          isError: this.text(result, 'status') === 'error',
        },
      ];
    const text = this.text(block, 'text') ?? this.text(member(member(block, 'guardContent'), 'text'), 'text');
    return text === undefined ? [] : [{ kind: 'text', text, of: kindOfText(text) }];
  }

  #resultText(part: JsonNode): string {
    const json = member(part, 'json');
    if (json === undefined) return this.text(part, 'text') ?? '';
    return Buffer.from(this.document.subarray(json.start, json.end)).toString();
  }
}

/**
 * @param body within the document
 * @throws GatewayError INVALID_INPUT
 */
export const describeConverse = (
  document: Uint8Array,
  { model, stream }: BedrockTarget,
  body: JsonObject = readConverse(document),
): ModelRequest => {
  const reader = new Reader(document);
  const { found } = reader;
  const messages = itemsOf(member(body, 'messages'));
  found.news.push(...newsOf(messages.map((message) => reader.said(message))));
  for (const block of itemsOf(member(body, 'system'))) reader.block(block);
  for (const tool of itemsOf(member(member(body, 'toolConfig'), 'tools'))) reader.tool(tool);
  if (member(body, 'promptVariables') !== undefined || /:prompt\//.test(model)) found.flags.add('stored-state');
  const unknownMembers = [...body.members.keys()].filter((name) => !knownMembers.has(name));
  if (unknownMembers.length > 0) found.flags.add('unknown-members');
  const limits = member(body, 'inferenceConfig');
  const most = scalarOf(member(limits, 'maxTokens') ?? member(limits, 'max_new_tokens'));
  return {
    api: 'bedrock.converse',
    model,
    stream,
    ...(typeof most === 'number' && Number.isSafeInteger(most) && most >= 0 ? { maxOutputTokens: most } : {}),
    inputTokensAtMost: found.tokensAtMost(document.length),
    messages: messages.length,
    ...found.said,
    unknownMembers,
  };
};
