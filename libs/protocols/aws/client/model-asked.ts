/** A call of AWS as what it is beside that: a request to a model, described as those of model connections are. */
import type { AwsRequest, Identification } from '@sallyport/aws';
import type { Operation } from '@sallyport/core';
import { type ClientTurn, modelOperation } from '@sallyport/model-gateway';
import type { ModelRequest } from '@sallyport/models';
import { turnOf } from '../../anthropic/describe.js';
import { modelApiOf } from '../model-api.js';

export interface ModelAsked {
  readonly request: ModelRequest;
  /** To be decided beside the call itself. */
  readonly operation: Operation;
  readonly told: ClientTurn;
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
  const request = modelApiOf({ service, operation, path }, body)?.describe(body);
  if (request === undefined) return undefined;
  const told = turnOf({ headers, request });
  const parts = { surface, method, path, query, headers, id: '', request, body, told };
  return { request, told, operation: modelOperation(parts) };
}
