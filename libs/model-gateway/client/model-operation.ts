/** From a request to a model to the operation that is decided, recorded and reviewed. Pure. */
import { createHash } from 'node:crypto';
import { type Digest, type Facts, GatewayError, type Operation, type Risk, worstRisk } from '@sallyport/core';
import { type Headers, headerOf } from '@sallyport/http';
import type { ModelFlag, ModelRequest, News } from '@sallyport/models';
import type { ClientTurn, ModelSurface } from './surface.js';
import { clipped, longestText, shown } from './words.js';

export const promptKinds = ['human', 'notification', 'internal', 'tool-results', 'none'] as const;
export type PromptKind = (typeof promptKinds)[number];

export interface AskedOfModel {
  readonly surface: Pick<ModelSurface, 'name' | 'betasOf' | 'meaningful'>;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  /** Of a list of models: the one that is asked for. */
  readonly id: string;
  readonly request?: ModelRequest;
  readonly body: Uint8Array;
  readonly told: ClientTurn;
}

/** What the provider does by itself, out of sight of both gates. */
const riskOf: Readonly<Record<ModelFlag, Risk>> = {
  'remote-source': 'privilege',
  'mcp-servers': 'privilege',
  container: 'privilege',
  'file-reference': 'write',
  background: 'write',
  'stored-state': 'write',
  'server-tools': 'write',
  'unknown-members': 'read',
  'unknown-blocks': 'read',
  'unknown-shape': 'read',
};

/** @throws GatewayError INVALID_INPUT for more names than a policy can look at */
export function modelOperation(asked: AskedOfModel): Operation {
  const { surface, method, path, request, told, id } = asked;
  const betas = bounded('betas', surface.betasOf(asked.headers));
  const turn = Object.keys(told.turn).length === 0 ? {} : { turn: told.turn };
  const digest = digestOf(asked);
  if (request === undefined)
    return {
      action: 'model.request',
      risk: 'read',
      text: `${method} ${path}`,
      facts: { ...noFacts, api: `${surface.name}.models`, model: clipped(id, 256), betas },
      resources: id === '' ? [] : [clipped(id, 256)],
      digest,
      pure: true, // a list of names: nothing leaves and nothing is paid for
      ...turn,
    };
  return {
    action: 'model.request',
    risk: worstRisk(['read', ...request.flags.map((flag) => riskOf[flag])]),
    text: textOf(request, told),
    facts: { ...factsOf(request, told), betas },
    resources: [clipped(request.model, 256)],
    digest,
    pure: false,
    ...turn,
  };
}

/** What is refused before it could be decided, of somebody who is known: on record like everything else, to be allowed by nobody. */
export function refusedOperation(
  surface: AskedOfModel['surface'],
  { method, path, reason }: { readonly method: string; readonly path: string; readonly reason: string },
): Operation {
  const parts = { surface, method, path, query: '', headers: [], body: Buffer.alloc(0) };
  return {
    action: 'model.request',
    risk: 'unknown',
    text: `${clipped(method, 16)} ${shown(path, 200)}: ${reason}`,
    facts: { ...noFacts, api: `${surface.name}.other`, flags: ['not-understood'] },
    resources: [],
    digest: digestOf(parts),
    pure: false,
    provisional: true, // nobody is asked about what cannot run
  };
}

const noFacts: Facts = {
  api: '',
  model: '',
  stream: false,
  max_tokens: 0,
  prompt: '',
  prompt_cut: false,
  prompt_kind: 'none',
  tools: [],
  server_tools: [],
  media: [],
  betas: [],
  flags: [],
  unknown_members: [],
  messages: 0,
  input_tokens: 0,
};

const factsOf = (
  request: ModelRequest,
  told: Pick<ClientTurn, 'isInternal'>,
  prompt = promptOf(request.news),
): Facts => ({
  ...noFacts,
  api: request.api,
  model: clipped(request.model, 256),
  stream: request.stream,
  max_tokens: request.maxOutputTokens ?? 0,
  prompt: clipped(prompt),
  prompt_cut: prompt.length > longestText,
  prompt_kind: promptKindOf(request.news, told),
  tools: bounded('tools', request.tools),
  server_tools: bounded('server tools', request.serverTools),
  media: [...request.media],
  flags: [...request.flags],
  unknown_members: bounded('unknown members', request.unknownMembers),
  messages: request.messages,
  input_tokens: request.inputTokensAtMost,
});

const isTyped = (news: News): news is Extract<News, { kind: 'text' }> => news.kind === 'text' && news.of !== 'reminder';

/** What is new of the user's side and not put there by the client itself. */
export const promptOf = (news: readonly News[]): string =>
  news
    .filter(isTyped)
    .map(({ text }) => text)
    .join('\n\n');

export function promptKindOf(news: readonly News[], { isInternal }: Pick<ClientTurn, 'isInternal'>): PromptKind {
  const typed = news.filter(isTyped);
  if (typed.length > 0 && isInternal) return 'internal';
  if (typed.some(({ of }) => of === 'human')) return 'human';
  if (typed.length > 0) return 'notification';
  return news.some(({ kind }) => kind === 'tool-result') ? 'tool-results' : 'none';
}

/** What a reviewer reads: which model, what is new, what it may make happen. */
function textOf(request: ModelRequest, told: Pick<ClientTurn, 'isInternal'>): string {
  const { api, model, news, tools, serverTools, media, flags } = request;
  const results = news.filter(({ kind }) => kind === 'tool-result').length;
  const kind = promptKindOf(news, told);
  const list = (name: string, all: readonly string[]): string[] =>
    all.length === 0 ? [] : [`${name}: ${shown(all.join(', '), 2_048)}`];
  return [
    `${api} ${clipped(model, 256)}`,
    ...(kind === 'tool-results' || kind === 'none' ? [] : [`${kind}: ${shown(promptOf(news))}`]),
    ...(results === 0 ? [] : [`tool results: ${results}`]),
    ...list('tools', tools),
    ...list('tools of the provider', serverTools),
    ...list('media', media),
    ...list('flags', flags),
  ].join('\n');
}

const mostNames = 1_000;

function bounded(what: string, names: readonly string[]): string[] {
  if (names.length > mostNames)
    throw new GatewayError('INVALID_INPUT', `the request has ${names.length} ${what}, more than ${mostNames}`, {
      hint: 'offer fewer in one request',
    });
  return names.map((name) => clipped(name, 256));
}

/** Over everything that makes it this request: each part with its length in front, so that no two requests are the same. */
function digestOf({ surface, method, path, query, headers, body }: Omit<AskedOfModel, 'told' | 'id'>): Digest {
  const hash = createHash('sha256');
  const add = (part: string | Uint8Array): void => {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  };
  for (const part of [surface.name, method, path, query]) add(part);
  for (const name of surface.meaningful) add(headerOf(headers, name) ?? '');
  add(body);
  return hash.digest('hex') as Digest;
}
