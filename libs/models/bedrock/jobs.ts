/** What runs on after it was asked for: its answers come to a bucket, past both gates. */
import { type JsonNode, type JsonObject, member, stringOf } from '../json-spans.js';
import { invalid } from '../openai/values.js';
import type { ModelApi, ModelRequest } from '../types.js';
import { readOther } from './other/body.js';
import { maskOtherAnswer } from './other/index.js';
import { describeOtherBody, maskOtherBody } from './other/request.js';

/** StartAsyncInvoke: the body names the model, and holds what it is asked. */
export const bedrockAsync = (): ModelApi => ({
  name: 'bedrock.async',
  describe: (document) => {
    const body = readOther(document);
    const target = { model: modelIn(document, body), stream: false, flags: ['background'] as const };
    return { ...describeOtherBody(document, askedIn(body), target), api: 'bedrock.async' };
  },
  maskRequest: (document, masking) => maskOtherBody(document, askedIn(readOther(document)), masking),
  maskResponse: maskOtherAnswer,
});

const askedIn = (body: JsonObject): JsonObject => {
  const asked = member(body, 'modelInput');
  if (asked?.kind !== 'object') throw invalid('"modelInput" is not a JSON object');
  return asked;
};

/** More than any budget has: what a batch uses nobody knows before it is over. */
export const tokensOfBatch = 1_000_000_000_000_000;

/**
 * CreateModelInvocationJob: what the model is asked stands in a bucket, where it is neither described nor masked.
 * @throws GatewayError INVALID_INPUT
 */
export const describeBatch = (document: Uint8Array): ModelRequest => {
  const body = readOther(document);
  const [from, to] = [placeIn(document, body, 'input'), placeIn(document, body, 'output')];
  return {
    api: 'bedrock.batch',
    model: modelIn(document, body),
    stream: false,
    inputTokensAtMost: tokensOfBatch,
    messages: 0,
    news: [{ kind: 'text', text: `a batch: requests from ${from}, answers to ${to}`, of: 'notification' }],
    tools: [],
    serverTools: [],
    media: [],
    unknownMembers: [],
    flags: ['background', 'file-reference'],
  };
};

const modelIn = (document: Uint8Array, body: JsonNode): string => {
  const model = stringOf(document, member(body, 'modelId'));
  if (model === undefined) throw invalid('"modelId" names no model');
  return model;
};

const placeIn = (document: Uint8Array, body: JsonNode, way: 'input' | 'output'): string => {
  const config = member(member(body, `${way}DataConfig`), `s3${way === 'input' ? 'Input' : 'Output'}DataConfig`);
  return stringOf(document, member(config, 's3Uri')) ?? 'nowhere that is named';
};
