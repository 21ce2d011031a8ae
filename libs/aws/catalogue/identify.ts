/** Which operation a request is, and what it asks for; both gates come to it by themselves. */
import type { Addressing, AwsRequest, Identification, SignedScope } from '../types.js';
import type { Catalogue } from './catalogue.js';
import { type Head, readHead } from './head.js';
import { checkRepeated } from './headers.js';
import { formText, inputOf } from './input.js';
import { inOrder, type Match } from './match.js';
import type { ServiceModel } from './model.js';
import { mayBeForm, type Spoken, spokenBy } from './protocol.js';
import { attempt, NotIdentified, quoted, refuse } from './refuse.js';
import { matchRest } from './rest.js';
import { isOpaque } from './rest-body.js';
import { matchAction, matchCbor, matchTarget } from './rpc.js';
import { hinted } from './service-hint.js';

/**
 * INVARIANT: an answer other than `identified: false` names everything that AWS may take the request for. What two readers
 * could understand in two ways is not identified.
 */
export const identify = (
  catalogue: Catalogue,
  request: AwsRequest,
  scope: SignedScope,
  addressing: Addressing,
): Identification => {
  try {
    const head = readHead(request, scope);
    const services = servicesOf(catalogue, scope, addressing);
    const form = mayBeForm(head, services) ? formText(head, request.body ?? unread()) : undefined;
    return identified(matchesOf(head, services, { form, addressing }), head, request.body);
  } catch (cause) {
    if (cause instanceof NotIdentified) return { identified: false, reason: cause.reason };
    throw cause;
  }
};

const unread = (): never => refuse('the operation is named in the body, which was not read');

/** Named is the first one that the body fits: two services may share a path where one of them has no body. */
const identified = (matches: readonly Match[], head: Head, body: AwsRequest['body']): Identification => {
  const attempts = matches.map((match) => attempt(() => ({ match, input: inputOf(match, head, body) })));
  const fit = attempts.find((each) => each.value)?.value ?? refuse(attempts[0]!.reason!);
  const others = matches.filter((match) => match !== fit.match);
  return {
    identified: true,
    service: fit.match.service.name,
    operation: fit.match.operation.name,
    protocol: fit.match.protocol,
    input: fit.input,
    candidates: [fit.match, ...others].map(({ service, operation }) => ({
      service: service.name,
      operation: operation.name,
    })),
  };
};

export type BodyNeed =
  /** Read it, up to `maxInspectedBytes`: the operation cannot be told or described without. */
  | { readonly read: 'whole' }
  /** An object of any length that nobody needs to look into. */
  | { readonly read: 'stream' }
  /** No body makes an operation of this request: refuse it. */
  | { readonly read: 'none'; readonly reason: string };

/** What to do with the body of a request of which only the head has come. */
export const needsBody = (
  catalogue: Catalogue,
  request: Omit<AwsRequest, 'body'>,
  scope: SignedScope,
  addressing: Addressing,
): BodyNeed => {
  try {
    const head = readHead(request, scope);
    const services = servicesOf(catalogue, scope, addressing);
    if (mayBeForm(head, services)) return { read: 'whole' };
    const matches = matchesOf(head, services, { form: undefined, addressing });
    return { read: matches.every(streams) ? 'stream' : 'whole' };
  } catch (cause) {
    if (cause instanceof NotIdentified) return { read: 'none', reason: cause.reason };
    throw cause;
  }
};

const streams = ({ operation: { payload } }: Match): boolean => isOpaque(payload) && payload!.streams;

const servicesOf = (catalogue: Catalogue, scope: SignedScope, addressing: Addressing): readonly ServiceModel[] => {
  const services = catalogue.signedAs(scope.signingName);
  if (services.length === 0) return refuse(`no service signs as ${quoted(scope.signingName)}`);
  return hinted(services, addressing.service);
};

interface Surroundings {
  readonly form: string | undefined;
  readonly addressing: Addressing;
}

/** At least one. */
const matchesOf = (head: Head, services: readonly ServiceModel[], { form, addressing }: Surroundings) => {
  checkRepeatedNames(head);
  const matches = inOrder(matchSpoken(head, services, { spoken: spokenBy(head, services, form), addressing }));
  for (const { operation } of matches) checkRepeated(head, operation);
  return matches;
};

/** These choose the protocol: refused before anything is read by them. */
const checkRepeatedNames = ({ repeated }: Head): void => {
  for (const name of ['x-amz-target', 'smithy-protocol', 'content-type', 'content-encoding', 'host']) {
    if (repeated.has(name)) refuse(`the header ${name} is there twice`);
  }
};

const matchSpoken = (
  head: Head,
  services: readonly ServiceModel[],
  { spoken, addressing }: { readonly spoken: Spoken; readonly addressing: Addressing },
): readonly Match[] => {
  if (spoken.by === 'cbor') return matchCbor(head, services);
  if (spoken.by === 'target') return matchTarget(head, services, spoken.target);
  if (spoken.by === 'action') return matchAction(head, services, spoken);
  return matchRest(head, services, addressing);
};
