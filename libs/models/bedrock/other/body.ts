/**
 * A body in the words of a maker whose API nobody here reads member by member: Titan, Llama, Mistral, Cohere, Jamba, DeepSeek and
 * whoever comes next. What is in it is told by names that most of them share; what is not told so is taken for a text.
 */
import { type JsonNode, type JsonObject, member, parseRequest, scalarOf, textOf } from '../../json-spans.js';
import { invalid } from '../../openai/values.js';

/** @throws GatewayError INVALID_INPUT */
export const readOther = (document: Uint8Array): JsonObject => {
  const body = parseRequest(document);
  if (body.kind !== 'object') throw invalid('the body for the model is not a JSON object');
  return body;
};

export interface Found {
  readonly name: string;
  readonly node: JsonNode;
}

/** Every value below `node`, itself included, with the name under which it stands; items have that of their list. */
export function* valuesIn(node: JsonNode, name = ''): Generator<Found> {
  yield { name, node };
  if (node.kind === 'array') for (const item of node.items) yield* valuesIn(item, name);
  else if (node.kind === 'object') for (const [inner, value] of node.members) yield* valuesIn(value, inner);
}

/** How the base64 of files begins that models take and make. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^(?:data:image\/[a-z+.-]+;base64,)?(?:iVBORw0KGgo|\/9j\/|R0lGOD|UklGR|AAAA[A-Za-z0-9+/]{2}Z0eXBhdmlm)/, 'image'],
  [/^(?:data:application\/pdf;base64,)?JVBERi0/, 'document'],
  [/^(?:data:video\/[a-z0-9+.-]+;base64,)?AAAA[A-Za-z0-9+/]{2}Z0eX/, 'video'],
  [/^(?:data:audio\/[a-z0-9+.-]+;base64,)?(?:SUQz|T2dnUw|ZkxhQ)/, 'audio'],
];
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** What is shorter shows nothing, and may be a word. */
const smallestFile = 64;

/** `image`, `document`, … where a text is the base64 of such a file, in which a detector would find what is not there. */
export const mediumIn = (text: string): string | undefined => {
  if (text.length < smallestFile) return undefined;
  const kind = beginnings.find(([begins]) => begins.test(text))?.[1];
  return kind !== undefined && base64.test(text.slice(text.indexOf(',') + 1)) ? kind : undefined;
};

/** Whose text, which kind of part: said by so many bodies that a reviewer need not read it. */
const roles = new Set([
  'user',
  'assistant',
  'system',
  'developer',
  'tool',
  'chatbot',
  'function',
  'text',
  'USER',
  'CHATBOT',
]);

/** The texts for the model, as a policy and a reviewer see them. */
export const promptIn = (document: Uint8Array, body: JsonObject): string => {
  const texts: string[] = [];
  for (const { name, node } of valuesIn(body)) {
    if (node.kind !== 'string') continue;
    const text = textOf(document, node);
    const says = (name === 'role' || name === 'type') && roles.has(text);
    if (!says && mediumIn(text) === undefined) texts.push(text);
  }
  return texts.join('\n');
};

const limits = /^(?:max_?(?:new_?|gen_?|completion_?|output_?)?(?:tokens?|len|token_?count)(?:_?to_?sample)?)$/i;
const counts = /^(?:n|num_?results|num_?generations|numberOfImages)$/i;

/** @returns undefined where the body sets no limit that is known */
export const mostOutputIn = (body: JsonObject): number | undefined => {
  const numbers = [...valuesIn(body)].flatMap(({ name, node }) => {
    const value = scalarOf(node);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? [{ name, value }] : [];
  });
  const most = numbers.filter(({ name }) => limits.test(name)).map(({ value }) => value);
  const answers = numbers.filter(({ name }) => counts.test(name)).map(({ value }) => value);
  return most.length === 0 ? undefined : Math.max(...most) * Math.max(1, ...answers);
};

const toolLists = new Set(['tools', 'functions', 'toolConfig', 'tool_config']);

/** Names of the tools that are offered: every `name` below a member that offers some. */
export const toolsIn = (document: Uint8Array, body: JsonObject): readonly string[] => {
  const offers = [...valuesIn(body)].filter(({ name }) => toolLists.has(name));
  return offers.flatMap(({ node }) =>
    [...valuesIn(node)].flatMap(({ node: one }) => {
      const name = member(one, 'name');
      return name?.kind === 'string' ? [textOf(document, name)] : [];
    }),
  );
};

const address = /^(?:https?|s3|gs|file):\/\//i;
const addressed = /(?:url|uri|location)$/i;

/** Does a member that is called an address have one? */
export const namesAddress = (document: Uint8Array, body: JsonObject): boolean =>
  [...valuesIn(body)].some(
    ({ name, node }) => node.kind === 'string' && addressed.test(name) && address.test(textOf(document, node)),
  );
