/** CountTokens: what it counts is described and masked as if it were asked. */
import { edit, type JsonNode, type JsonString, member, stringOf } from '../json-spans.js';
import { invalid } from '../openai/values.js';
import type { MaskedRequest, ModelApi, ModelRequest, RequestMasking } from '../types.js';
import { maskConverse } from './converse-request.js';
import { converseIn, describeConverse } from './describe-converse.js';
import type { BedrockTarget } from './frames.js';
import { invokeApi } from './invoke-api.js';
import { readOther } from './other/body.js';
import { maskOtherAnswer } from './other/index.js';
import { describeOtherBody, maskOtherBody } from './other/request.js';

interface Counted {
  readonly request: ModelRequest;
  masked(masking: RequestMasking): MaskedRequest;
}

/** For the model that the path names. */
export const bedrockCount = (target: BedrockTarget): ModelApi => ({
  name: 'bedrock.count-tokens',
  describe: (body) => ({ ...countedIn(body, target).request, api: 'bedrock.count-tokens' }),
  maskRequest: (body, masking) => countedIn(body, target).masked(masking),
  maskResponse: maskOtherAnswer,
});

/** @throws GatewayError INVALID_INPUT */
const countedIn = (document: Uint8Array, target: BedrockTarget): Counted => {
  const body = readOther(document);
  const input = onlyMember(body, 'input');
  const converse = onlyMember(input, 'converse');
  const blob = onlyMember(onlyMember(input, 'invokeModel'), 'body');
  if (converse !== undefined) {
    const inner = converseIn(converse);
    return {
      request: describeConverse(document, target, inner),
      masked: (masking) => maskConverse(document, inner, masking),
    };
  }
  if (blob?.kind === 'string') return countedBlob(document, blob, target);
  return {
    request: describeOtherBody(document, body, target),
    masked: (masking) => maskOtherBody(document, body, masking),
  };
};

/** The member of that name, where there is no other. */
const onlyMember = (node: JsonNode | undefined, name: string): JsonNode | undefined =>
  node?.kind === 'object' && node.members.size === 1 ? member(node, name) : undefined;

const countedBlob = (document: Uint8Array, blob: JsonString, target: BedrockTarget): Counted => {
  const text = stringOf(document, blob) ?? '';
  const inner = Buffer.from(text, 'base64');
  if (inner.toString('base64') !== text) throw invalid('the body that is to be counted is no base64');
  const api = invokeApi(target, inner);
  return {
    request: api.describe(inner),
    masked: (masking) => {
      const { body, ...hidden } = api.maskRequest(inner, masking);
      if (body === inner) return { body: document, ...hidden };
      const bytes = Buffer.from(JSON.stringify(Buffer.from(body).toString('base64')));
      return { body: edit(document, [{ start: blob.start, end: blob.end, bytes }]), ...hidden };
    },
  };
};
