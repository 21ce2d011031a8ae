/** From a request's path to one of the protocol's own routes. Nothing but what is on the list goes to the model's host. */
import { GatewayError } from '@sallyport/core';
import type { ModelSurface, Route } from './surface.js';

export interface Routed {
  readonly route: Route;
  /** In the one spelling that was judged, for the agent to send. */
  readonly path: string;
  /** Of `:id`, decoded; empty where the route has none. */
  readonly id: string;
}

const longestTarget = 2_048;
/** What they may be made of as they are written (RFC 3986, 3.3 and 3.4; brackets as browsers and SDKs leave them). */
const pathShape = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
const queryShape = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?[\]]|%[0-9A-Fa-f]{2})*$/;

/**
 * @param query judged too: what is in it must not say something else than the method and the body
 * @throws GatewayError NOT_FOUND, FORBIDDEN, PROTOCOL_VIOLATION
 */
export function routeOf(
  { routes, elsewhere }: Pick<ModelSurface, 'routes' | 'elsewhere'>,
  { method, path, query }: { readonly method: string; readonly path: string; readonly query: string },
): Routed {
  assertQuery(query);
  if (path.length > longestTarget || !pathShape.test(path)) throw violation('the path has characters that no path has');
  const segments = path.split('/').slice(1);
  const onPath = routes.flatMap((route) => {
    const id = idIn(route.path.split('/').slice(1), segments);
    return id === undefined ? [] : [{ route, id }];
  });
  const found = onPath.find(({ route }) => route.method === method);
  if (found !== undefined) {
    const { path: known, sentAs = known } = found.route;
    return { ...found, path: sentAs.replace(/:[a-z]+$/, () => encoded(found.id)) };
  }
  if (onPath.length > 0)
    throw new GatewayError('NOT_FOUND', `there is no ${method} ${path} here`, {
      hint: `use ${onPath.map(({ route }) => route.method).join(' or ')}`,
    });
  const [, hint] = elsewhere.find(([beginning]) => isBelow(path, beginning)) ?? [];
  if (hint !== undefined) throw new GatewayError('FORBIDDEN', `"${path}" is not open through this gateway`, { hint });
  throw new GatewayError('NOT_FOUND', `there is no "${path}" here`, {
    hint: `this gateway knows ${routes.map((route) => `${route.method} ${route.path}`).join(', ')}`,
  });
}

const isBelow = (path: string, beginning: string): boolean => path === beginning || path.startsWith(`${beginning}/`);

/** @returns what stands in the place of `:id`, decoded once; empty where the route has none; undefined: another path */
function idIn(pattern: readonly string[], segments: readonly string[]): string | undefined {
  if (pattern.length !== segments.length) return undefined;
  let id = '';
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index]!;
    if (!expected.startsWith(':')) {
      if (segment !== expected) return undefined;
    } else id = decoded(segment);
  }
  return id;
}

/** Must be one segment after it has been decoded, too. @throws GatewayError PROTOCOL_VIOLATION */
function decoded(segment: string): string {
  const text = decodedText(segment);
  if (text === '' || text === '.' || text === '..' || text.length > 256 || /[\p{Cc}\\%]/u.test(text))
    throw violation('the path names nothing that could be a model');
  // A model's own name may have slashes in it ("ft:…", "org/model"): encoded they are one segment and stay one.
  if (text.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw violation('the path has dot segments');
  return text;
}

/** As little as must be: a colon stands for itself in a path. */
const encoded = (id: string): string => encodeURIComponent(id).replaceAll('%3A', ':').replaceAll('%40', '@');

function decodedText(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new GatewayError('PROTOCOL_VIOLATION', 'the path is not UTF-8', { cause });
  }
}

function assertQuery(query: string): void {
  if (query.length > longestTarget || !queryShape.test(query))
    throw violation('the query has characters that no query has');
  const names = query.split('&').map((pair) => pair.split('=', 1)[0]!.toLowerCase());
  if (names.some((name) => decodedText(name).startsWith('_method')))
    throw violation('the method of a request is its first word, not "_method"');
}

const violation = (message: string): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', message, { hint: 'ask as the API’s own SDKs do' });
