/** A request in the words of a maker that is not known: described by what can be told of it, and every string looked at. */
import { edit, itemsOf, type JsonEdit, type JsonNode, type JsonObject, member, textOf } from '../../json-spans.js';
import { Findings } from '../../openai/findings.js';
import { invalid } from '../../openai/values.js';
import { Hidden, TextMasker } from '../../text-masker.js';
import type { MaskedRequest, ModelFlag, ModelRequest, RequestMasking } from '../../types.js';
import type { BedrockTarget } from '../frames.js';
import { mediumIn, mostOutputIn, namesAddress, promptIn, readOther, toolsIn, valuesIn } from './body.js';

/** @throws GatewayError INVALID_INPUT */
export const describeOther = (document: Uint8Array, target: BedrockTarget): ModelRequest =>
  describeOtherBody(document, readOther(document), target);

/** @param body within the document, whose size bounds what the model reads */
export const describeOtherBody = (
  document: Uint8Array,
  body: JsonObject,
  { model, stream, flags = [] }: BedrockTarget & { readonly flags?: readonly ModelFlag[] },
): ModelRequest => {
  const found = new Findings();
  for (const flag of ['unknown-shape', ...flags] as const) found.flags.add(flag);
  if (namesAddress(document, body)) found.flags.add('remote-source');
  for (const tool of toolsIn(document, body)) found.tools.add(tool);
  for (const { node } of valuesIn(body)) {
    const medium = node.kind === 'string' ? mediumIn(textOf(document, node)) : undefined;
    if (medium === undefined) continue;
    found.media.add(medium);
    found.parts += 1;
  }
  const text = promptIn(document, body);
  if (text !== '') found.news.push({ kind: 'text', text, of: 'human' });
  const most = mostOutputIn(body);
  return {
    api: 'bedrock.other',
    model,
    stream,
    ...(most === undefined ? {} : { maxOutputTokens: most }),
    inputTokensAtMost: found.tokensAtMost(document.length),
    messages: Math.max(1, itemsOf(member(body, 'messages')).length),
    ...found.said,
    unknownMembers: [],
  };
};

/** @throws GatewayError INVALID_INPUT where a name would have to be hidden: it stands for something, and cannot be another */
export const maskOther = (document: Uint8Array, masking: RequestMasking): MaskedRequest =>
  maskOtherBody(document, readOther(document), masking);

export const maskOtherBody = (document: Uint8Array, body: JsonNode, masking: RequestMasking): MaskedRequest => {
  const hidden = new Hidden();
  const masker = new TextMasker(masking, hidden);
  assertPlainNames(body, masker, () => invalid('a name in the body for the model has a value that must be hidden'));
  const edits = [...valuesIn(body)].flatMap(({ node }) => stringEdit(document, node, masker) ?? []);
  return { body: edit(document, edits), maskedFields: hidden.fields, maskedBy: hidden.rules };
};

const stringEdit = (document: Uint8Array, node: JsonNode, masker: TextMasker): JsonEdit | undefined =>
  node.kind === 'string' && mediumIn(textOf(document, node)) === undefined ? masker.string(document, node) : undefined;

/** @throws what `refused` makes */
export const assertPlainNames = (body: JsonNode, masker: Pick<TextMasker, 'text'>, refused: () => Error): void => {
  for (const { node } of valuesIn(body))
    if (node.kind === 'object') for (const name of node.members.keys()) if (masker.text(name) !== name) throw refused();
};
