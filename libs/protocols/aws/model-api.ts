/** Calls of AWS that ask a model something, and the API that their bodies are of. Both gates ask, about the same bytes. */
import { GatewayError } from '@sallyport/core';
import {
  type BedrockTarget,
  bedrockConverse,
  bedrockInvoke,
  type ModelApi,
  maskConverseFrames,
  maskInvokeFrames,
} from '@sallyport/models';

export interface BedrockApi extends ModelApi {
  readonly streams: boolean;
  readonly maskFrames: typeof maskInvokeFrames;
}

interface Kind {
  readonly of: (target: BedrockTarget) => ModelApi;
  readonly stream: boolean;
  readonly maskFrames: typeof maskInvokeFrames;
}

const invoke = { of: bedrockInvoke, maskFrames: maskInvokeFrames };
const converse = { of: bedrockConverse, maskFrames: maskConverseFrames };
const kinds: ReadonlyMap<string, Kind> = new Map([
  ['InvokeModel', { ...invoke, stream: false }],
  ['InvokeModelWithResponseStream', { ...invoke, stream: true }],
  ['Converse', { ...converse, stream: false }],
  ['ConverseStream', { ...converse, stream: true }],
]);

export interface NamedCall {
  readonly service: string;
  readonly operation: string;
}

/** Its body must be there whole: it is read, and another one is sent. */
export const asksModel = ({ service, operation }: NamedCall): boolean =>
  service === 'bedrock-runtime' && kinds.has(operation);

/** As much as its path says of it, before its body has come. */
export const mayAskModel = (signingName: string, path: string): boolean =>
  signingName === 'bedrock' && /^\/model\/[^/]+\/(?:invoke|converse)/.test(path);

/**
 * Undefined for what is no request to a model, and for InvokeModel in the words of a maker that nobody here knows.
 * @throws GatewayError INVALID_INPUT for a body that the model may understand, and this gateway does not
 */
export function modelApiOf(call: NamedCall & { readonly path: string }, body: Uint8Array): BedrockApi | undefined {
  const kind = asksModel(call) ? kinds.get(call.operation) : undefined;
  if (kind === undefined) return undefined;
  const model = modelIn(call.path);
  if (kind.of === bedrockInvoke && !speaksMessages(model, body)) return undefined;
  const { stream, maskFrames } = kind;
  return { ...kind.of({ model, stream }), streams: stream, maskFrames };
}

function modelIn(path: string): string {
  const [, segment] = /^\/model\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  try {
    if (segment !== undefined) return decodeURIComponent(segment);
  } catch {
    // told below
  }
  throw new GatewayError('INVALID_INPUT', 'the path of the call names no model');
}

/** By the member that Bedrock asks for. Read as forgivingly as anybody may read it: what only looks like another body is refused later. */
function speaksMessages(model: string, body: Uint8Array): boolean {
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof document === 'object' && document !== null && Object.hasOwn(document, 'anthropic_version');
  } catch {
    // A profile of the account's own (an ARN) does not say whose model is behind it.
    if (body.length === 0 || !/anthropic|^arn:/.test(model)) return false;
    throw new GatewayError('INVALID_INPUT', 'the body for the model is not JSON');
  }
}
