/** What a request to the Messages API asks. */
import { itemsOf, type JsonObject, member } from '../json-spans.js';
import type { ModelApiName, ModelRequest } from '../types.js';
import { countIn, invalid, isAbsent, type Read, readBody, textIn, typeIn } from './body.js';
import { conversationIn } from './conversation.js';
import { Findings, isTrue } from './findings.js';
import { isClientTool, knownMembers } from './kinds.js';
import { newsOf } from './news.js';

/** What the path says, where it is not for the body to say. */
export interface Target {
  readonly model: string;
  readonly stream: boolean;
}

/** @throws GatewayError INVALID_INPUT */
export const describe = (api: ModelApiName, document: Uint8Array, target?: Target): ModelRequest => {
  const node = readBody(document);
  const body = { document, node };
  const model = target?.model ?? textIn(body, 'model');
  if (model === undefined || model === '') throw invalid('the request names no model');
  const messages = itemsOf(member(node, 'messages'));
  const findings = findingsIn(body);
  const unknownMembers = [...node.members.keys()].filter((name) => !knownMembers.has(name));
  if (unknownMembers.length > 0) findings.flags.add('unknown-members');
  return {
    api,
    model,
    stream: target?.stream ?? isTrue(member(node, 'stream')),
    inputTokensAtMost: findings.tokensAtMost(document.length),
    messages: messages.length,
    news: newsOf(document, messages),
    tools: [...findings.tools],
    serverTools: [...findings.serverTools],
    media: [...findings.media],
    unknownMembers,
    flags: [...findings.flags],
    ...optional(body),
  };
};

const optional = (body: Read<JsonObject>): Pick<ModelRequest, 'maxOutputTokens' | 'conversation'> => {
  const maxOutputTokens = countIn(body, 'max_tokens');
  if (maxOutputTokens === undefined && !isAbsent(member(body.node, 'max_tokens')))
    throw invalid('"max_tokens" is no whole number');
  const metadata = member(body.node, 'metadata');
  const userId = metadata && textIn({ document: body.document, node: metadata }, 'user_id');
  const conversation = conversationIn(userId);
  return {
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(conversation === undefined ? {} : { conversation }),
  };
};

const findingsIn = ({ document, node }: Read<JsonObject>): Findings => {
  const findings = new Findings();
  findings.content(document, member(node, 'system'));
  for (const message of itemsOf(member(node, 'messages'))) findings.content(document, member(message, 'content'));
  for (const tool of itemsOf(member(node, 'tools'))) addTool(findings, { document, node: tool });
  if (itemsOf(member(node, 'mcp_servers')).length > 0) findings.flags.add('mcp-servers');
  if (!isAbsent(member(node, 'container'))) findings.flags.add('container');
  return findings;
};

const addTool = (findings: Findings, tool: Read): void => {
  const type = typeIn(tool);
  if (isClientTool(type)) {
    const name = textIn(tool, 'name');
    if (name !== undefined) findings.tools.add(name);
    return;
  }
  findings.serverTools.add(type);
  findings.flags.add('server-tools');
};
