/** A call of AWS as what it is beside that: a request to a model, described as those of model connections are. */
import type { AwsRequest, Identification } from '@sallyport/aws';
import type { Operation } from '@sallyport/core';
import { type ClientTurn, modelOperation } from '@sallyport/model-gateway';
import { describeBatch, type ModelRequest } from '@sallyport/models';
import { turnOf } from '../../anthropic/describe.js';
import { asksInBatch, modelApiOf, type NamedCall } from '../model-api.js';

export interface ModelAsked {
  readonly request: ModelRequest;
  /** To be decided beside the call itself. */
  readonly operation: Operation;
  readonly told: ClientTurn;
  /** What the model is asked is not in it, so that neither gate can look at it. */
  readonly isBatch: boolean;
}

const nothing = new Uint8Array(0);
/** What changes the meaning of a body stands in the body, but for guardrails. */
const surface = {
  name: 'aws',
  betasOf: () => [],
  meaningful: ['x-amzn-bedrock-guardrailidentifier', 'x-amzn-bedrock-guardrailversion'],
} as const;

/** @throws GatewayError INVALID_INPUT for a body that the model may understand, and this gateway does not */
export function modelAskedOf(identification: Identification, asked: AwsRequest): ModelAsked | undefined {
  if (!identification.identified) return undefined;
  const { service, operation } = identification;
  const { method, path, query, headers, body = nothing } = asked;
  const call = { service, operation, path };
  const request = requestIn(call, body);
  if (request === undefined) return undefined;
  const told = turnOf({ headers, request });
  const parts = { surface, method, path, query, headers, id: '', request, body, told };
  return { request, told, operation: modelOperation(parts), isBatch: asksInBatch(call) };
}

const requestIn = (call: NamedCall & { readonly path: string }, body: Uint8Array): ModelRequest | undefined =>
  asksInBatch(call) ? describeBatch(body) : modelApiOf(call, body)?.describe(body);
