/** Calls of AWS that ask a model something, and the API that their bodies are of. Both gates ask, about the same bytes. */
import { GatewayError } from '@sallyport/core';
import {
  bedrockAsync,
  bedrockConverse,
  bedrockCount,
  type FramedApi,
  invokeApi,
  type ModelApi,
  maskConverseFrames,
} from '@sallyport/models';

export interface BedrockApi extends ModelApi {
  /** Where the answer is a stream of events. */
  readonly maskFrames?: FramedApi['maskFrames'];
}

export interface NamedCall {
  readonly service: string;
  readonly operation: string;
}
type Call = NamedCall & { readonly path: string };

const framed = ({ maskFrames, ...api }: FramedApi, isStream: boolean): BedrockApi =>
  isStream ? { ...api, maskFrames } : api;
const invoke =
  (stream: boolean) =>
  ({ path }: Call, body: Uint8Array): BedrockApi =>
    framed(invokeApi({ model: modelIn(path), stream }, body), stream);
const converse =
  (stream: boolean) =>
  ({ path }: Call): BedrockApi =>
    framed({ ...bedrockConverse({ model: modelIn(path), stream }), maskFrames: maskConverseFrames }, stream);

const apis: ReadonlyMap<string, (call: Call, body: Uint8Array) => BedrockApi> = new Map([
  ['InvokeModel', invoke(false)],
  ['InvokeModelWithResponseStream', invoke(true)],
  ['Converse', converse(false)],
  ['ConverseStream', converse(true)],
  ['CountTokens', ({ path }: Call) => bedrockCount({ model: modelIn(path), stream: false })],
  ['StartAsyncInvoke', () => bedrockAsync()],
]);

/** Its body must be there whole: it is read, and another one is sent. */
export const asksModel = ({ service, operation }: NamedCall): boolean =>
  service === 'bedrock-runtime' && apis.has(operation);

/** As much as its path says of it, before its body has come. */
export const mayAskModel = (signingName: string, path: string): boolean =>
  signingName === 'bedrock' && /^\/(?:model\/[^/]+\/(?:invoke|converse|count-tokens)|async-invoke\/?$)/.test(path);

/** Its requests are somewhere else: gate one can describe where, and nobody can mask them. */
export const asksInBatch = ({ service, operation }: NamedCall): boolean =>
  service === 'bedrock' && operation === 'CreateModelInvocationJob';

/**
 * Undefined for what is no request to a model.
 * @throws GatewayError INVALID_INPUT
 */
export const modelApiOf = (call: Call, body: Uint8Array): BedrockApi | undefined =>
  asksModel(call) ? apis.get(call.operation)?.(call, body) : undefined;

function modelIn(path: string): string {
  const [, segment] = /^\/model\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  try {
    if (segment !== undefined) return decodeURIComponent(segment);
  } catch {
    // told below
  }
  throw new GatewayError('INVALID_INPUT', 'the path of the call names no model');
}
