/** Operations that method, path, query keys and headers name together: rest-json and rest-xml. */
import type { Addressing, WireProtocol } from '../types.js';
import type { Head } from './head.js';
import type { Match } from './match.js';
import type { Located, OperationModel, ServiceModel } from './model.js';
import type { Pair } from './pairs.js';
import { segmentsOf } from './path.js';
import { decodePercent } from './percent.js';
import { attempt, quoted, refuse } from './refuse.js';
import { type Hit, hitsOf, type Route } from './routes.js';
import { checkBucket } from './s3-names.js';

/** A hit whose method, query keys and headers fit too. */
interface Fit {
  readonly service: ServiceModel;
  readonly hit: Hit;
}

/** Names no operation: the first is every SDK's, the second minio-go's, which S3 does not look at. */
const meaningless = new Set(['x-id', 'withUpdatedAt']);

/**
 * The most specific ones: of the path first, then of the query string and the headers. Where several services have an
 * equal one, all of them; less specific ones are not candidates, because the gateway sends the request to the host of the
 * service that it has named.
 */
export const matchRest = (head: Head, services: readonly ServiceModel[], addressing: Addressing): readonly Match[] => {
  const speaking = services.filter((service) => restProtocol(service) !== undefined);
  if (speaking.length === 0) return refuse('the request names no operation');
  const query = head.query.filter(([key]) => !meaningless.has(key));
  // What one service refuses, another that shares its signing name may serve: S3's keys are no paths of S3 Control.
  const attempts = speaking.map((service) => attempt(() => fitsOf(service, { ...head, query }, addressing)));
  const best = mostSpecific(attempts.flatMap((each) => each.value ?? [])).map((fit) =>
    attempt(() => checkFit(fit, query)),
  );
  const fits = best.flatMap((each) => each.value ?? []);
  if (fits.length > 0) return fits.map(matchOf);
  const reason = [...best, ...attempts].find((each) => each.reason !== undefined)?.reason;
  return refuse(reason ?? `no operation of ${speaking.map(({ name }) => name).join(' or ')} has this path`);
};

const matchOf = ({ service, hit: { route, values } }: Fit): Match => ({
  service,
  operation: route.operation,
  protocol: restProtocol(service)!,
  labels: Object.fromEntries(route.labels.map((label, at) => [label, values[at]!])),
});

const restProtocol = (service: ServiceModel): WireProtocol | undefined =>
  service.protocols.find((protocol) => protocol === 'rest-json' || protocol === 'rest-xml');

const fitsOf = (service: ServiceModel, head: Head, addressing: Addressing): readonly Fit[] => {
  const segments = segmentsOf(service, head, addressing);
  const hits = hitsOf(service, segments);
  checkDisguised(service, head, [segments, hits]);
  return hits
    .filter(({ route }) => isSignedFor(route.operation, head) && hasKeys(route, head))
    .map((hit) => ({ service, hit }));
};

const isSignedFor = ({ method, signingName }: OperationModel, head: Head): boolean =>
  method === head.method && signingName === head.signingName;

/**
 * A server may decode the path before it looks for the operation: then `f%2Fconfiguration` is a function's configuration,
 * and not a function of that name. Refused where decoding makes literal segments appear.
 */
const checkDisguised = (
  service: ServiceModel,
  head: Head,
  [segments, hits]: readonly [readonly string[], readonly Hit[]],
): void => {
  if (service.name === 's3' || !segments.some((segment) => segment.includes('%'))) return;
  const decoded = hitsOf(
    service,
    segments.flatMap((segment) => decodePercent(segment).split('/')),
  );
  if (mostLiterals(decoded, head) > mostLiterals(hits, head)) {
    refuse('a part of the path is percent-encoded that names the operation');
  }
};

const mostLiterals = (hits: readonly Hit[], { method }: Head): number =>
  hits
    .filter(({ route }) => route.operation.method === method)
    .reduce((most, { rank }) => Math.max(most, rank.replace(/[^2]/g, '').length), 0);

const hasKeys = ({ operation, literals }: Route, { query, headers }: Head): boolean =>
  literals.every(([key, value]) => query.some((pair) => pair[0] === key && pair[1] === (value ?? ''))) &&
  operation.query.every(({ wire, required, shape }) => !required || shape === 'map' || hasKey(query, wire)) &&
  operation.headers.every(({ wire, required, shape }) => !required || shape === 'prefix' || headers.has(wire));

const hasKey = (query: readonly Pair[], key: string): boolean => query.some((pair) => pair[0] === key);

const required = (all: readonly Located[]): number => all.filter((each) => each.required).length;

const specificity = ({ hit: { rank, route } }: Fit): readonly [string, number, number, number] => [
  rank,
  route.literals.length,
  required(route.operation.query),
  required(route.operation.headers),
];

const compare = (a: Fit, b: Fit): number => {
  const left = specificity(a);
  const right = specificity(b);
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : left[at]! < right[at]! ? 1 : -1;
};

const mostSpecific = (fits: readonly Fit[]): readonly Fit[] => {
  const sorted = [...fits].sort(compare);
  const best = sorted.filter((fit) => compare(fit, sorted[0]!) === 0);
  // A greedy label may take the slash at the end or leave it: the same route twice, the longer value first.
  return best.filter((fit, at) => best.findIndex(({ hit }) => hit.route === fit.hit.route) === at);
};

/**
 * INVARIANT: every key of the query string belongs to the operation. One that does not may select another: `?acl` on a
 * GET of an object must never pass for GetObject, whether this catalogue knows the sub-resource or not.
 */
const checkFit = (fit: Fit, query: readonly Pair[]): Fit => {
  const { route, values } = fit.hit;
  const { operation, literals, labels } = route;
  const single = new Set(literals.map(([key]) => key));
  const many = new Set<string>();
  for (const { wire, shape } of operation.query) (shape === 'list' ? many : single).add(wire);
  const open = operation.query.some(({ shape }) => shape === 'map');
  const seen = new Set<string>();
  for (const [key] of query) {
    if (!single.has(key) && !many.has(key) && !open) refuse(`${operation.name} has no query key ${quoted(key)}`);
    if (seen.has(key) && single.has(key)) refuse(`the query key ${quoted(key)} is there twice`);
    seen.add(key);
  }
  if (fit.service.name === 's3' && labels[0] === 'Bucket') checkBucket(decodePercent(values[0]!));
  return fit;
};
