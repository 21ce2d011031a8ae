/** From a request that its client has proven to what is decided: reads what must be read, and describes it. */
import {
  type Addressing,
  type AwsRequest,
  type BodyVerifier,
  type Catalogue,
  type Identification,
  identify,
  needsBody,
} from '@sallyport/aws';
import { type CallSession, headerOf, type Incoming } from '@sallyport/http';
import { type DescribedCall, operationOf } from '../describe.js';
import { mayAskModel } from '../model-api.js';
import type { ErrorStyle } from '../refuse.js';
import type { OpenedHead } from '../wire.js';
import { bodyText, mustBeRead } from './bound-body.js';
import type { InspectedBytes } from './budget.js';
import { type ModelAsked, modelAskedOf } from './model-asked.js';
import type { Signed } from './signature.js';
import { freely, type Use } from './single-use.js';
import { readWhole } from './upload.js';

/** Read whole although nobody needs it for the decision: one message to the agent instead of three. */
const smallBody = 64 * 1024;

export interface Arrived {
  readonly incoming: Incoming;
  readonly addressing: Addressing;
  readonly signed: Signed;
  readonly style: ErrorStyle;
  readonly session: CallSession<OpenedHead>;
  readonly catalogue: Catalogue;
  readonly budget: InspectedBytes;
  /** How long its client is kept waiting for people. */
  readonly holdMs: number;
}

export interface Asked {
  readonly request: AwsRequest;
  readonly identification: Identification;
  readonly described: DescribedCall;
  readonly use: Use;
  /** Of a request to a model whose words are known here. */
  readonly model?: ModelAsked;
  /** Of a body that streams. */
  readonly check: BodyVerifier | undefined;
}

/** @throws GatewayError, SignatureRefused */
export async function readCall(arrived: Arrived): Promise<Asked> {
  const { incoming, signed, session, catalogue, addressing, budget } = arrived;
  const check = signed.body();
  const isObject = needsBody(catalogue, signed.request, signed.scope, addressing).read !== 'whole';
  const asksModel = mayAskModel(signed.scope.signingName, signed.request.path);
  const streams = check !== undefined && !isSmall(incoming) && isObject && !asksModel;
  const request: AwsRequest =
    check === undefined || streams
      ? signed.request
      : { ...signed.request, body: await readWhole(incoming, check, budget) };
  const asked = describeAsked(arrived, request, streams);
  const { operation } = asked.described;
  const isRead = operation.risk === 'read';
  const use = isRead ? freely : signed.once();
  const call: Asked = { ...asked, use, check: streams ? check : undefined };
  if ((isRead && !streams) || session.handle.foresee(operation) !== 'review') return call;
  // It is settled while a decision is put on record; but nobody is asked about what was sent before.
  await use.settled;
  return isObject ? bindBody(arrived, call) : call;
}

function describeAsked({ signed, session, catalogue, addressing }: Arrived, request: AwsRequest, streams: boolean) {
  const identification = identify(catalogue, request, signed.scope, addressing);
  const described = operationOf({
    identification,
    request,
    scope: signed.scope,
    bucket: addressing.bucket,
    presigned: signed.presigned,
    streamed: streams ? signed.standsFor(headerOf(request.headers, 'content-length')) : undefined,
    agent: session.opened,
  });
  const model = modelAskedOf(identification, request);
  if (model === undefined) return { request, identification, described };
  const operation = { ...described.operation, holdsPrompt: true } as const;
  return { request, identification, described: { ...described, operation }, model };
}

/** Of an object whose upload waits for people. What was decided of it stays: nobody looks into its bytes. */
async function bindBody(arrived: Arrived, call: Asked): Promise<Asked> {
  const { incoming, signed, budget } = arrived;
  const { check, described } = call;
  if (check === undefined || !mustBeRead(signed, call.request)) return tellBody(call, signed);
  const request = { ...call.request, body: await readWhole(incoming, check, budget) };
  const { digest } = describeAsked(arrived, request, false).described.operation;
  const bound = { ...described, operation: { ...described.operation, digest } };
  return tellBody({ ...call, request, check: undefined, described: bound }, signed);
}

function tellBody(call: Asked, signed: Signed): Asked {
  const { described, request } = call;
  const { operation } = described;
  const text = `${operation.text}${bodyText(signed, request)}`;
  return { ...call, described: { ...described, operation: { ...operation, text } } };
}

/** By what the request says of its body; what then comes all the same is bounded as every body is that is read whole. */
function isSmall({ method, headers, http2 }: Incoming): boolean {
  const length = headerOf(headers, 'content-length');
  if (length !== undefined) return Number(length) <= smallBody;
  if (headerOf(headers, 'transfer-encoding') !== undefined) return false;
  return !http2 || method === 'GET' || method === 'HEAD';
}
