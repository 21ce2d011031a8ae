/** The paths of a service's REST operations as a tree: literal before label before greedy label, from left to right. */
import type { OperationModel, ServiceModel } from './model.js';

export interface Route {
  readonly operation: OperationModel;
  /** The names of the labels, in order. */
  readonly labels: readonly string[];
  /** Keys that the query string must have, and with which value where one is modelled. */
  readonly literals: readonly (readonly [key: string, value: string | undefined])[];
}

export interface Hit {
  readonly route: Route;
  readonly values: readonly string[];
  /** Larger is more specific: a digit a segment. */
  readonly rank: string;
}

export interface Node {
  readonly literals: Map<string, Node>;
  label?: Node;
  greedy?: Node;
  readonly routes: Route[];
}

const newNode = (): Node => ({ literals: new Map(), routes: [] });
const trees = new WeakMap<ServiceModel, Node>();

const routesOf = (service: ServiceModel): Node => {
  let tree = trees.get(service);
  if (!tree) {
    tree = newNode();
    for (const operation of service.operations.values()) {
      insert(tree, operation);
      if (operation.older) insert(tree, operation.older);
    }
    trees.set(service, tree);
  }
  return tree;
};

const insert = (tree: Node, operation: OperationModel): void => {
  const [path = '', query = ''] = operation.uri.split('?');
  const labels: string[] = [];
  let node = tree;
  for (const segment of withoutLastSlash(path).split('/').slice(1)) {
    const label = /^\{([\w-]+)(\+?)\}$/.exec(segment);
    if (label) labels.push(label[1]!);
    if (label) node = label[2] ? (node.greedy ??= newNode()) : (node.label ??= newNode());
    else node = literalChild(node, segment);
  }
  node.routes.push({ operation, labels, literals: literalsOf(query) });
};

const withoutLastSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

const literalChild = (node: Node, segment: string): Node => {
  const child = node.literals.get(segment) ?? newNode();
  node.literals.set(segment, child);
  return child;
};

const literalsOf = (query: string): Route['literals'] =>
  query
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('x-id='))
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [part, undefined] : [part.slice(0, equals), part.slice(equals + 1)];
    });

/**
 * Every route that the segments fit, whatever its method; one slash at the end makes no difference. CloudFront's paths
 * begin with the version of the API: clients of an older one mean the same operations.
 */
export const hitsOf = (service: ServiceModel, segments: readonly string[]): readonly Hit[] => {
  const tree = routesOf(service);
  const literalOf = (segment: string): string => (service.apiVersions.includes(segment) ? service.apiVersion : segment);
  const hits: Hit[] = [];
  const walk = (node: Node, at: number, values: readonly string[], rank: string): void => {
    const last = at === segments.length || (at === segments.length - 1 && segments[at] === '');
    if (last) for (const route of node.routes) hits.push({ route, values, rank });
    const segment = segments[at];
    if (segment === undefined) return;
    const literal = node.literals.get(literalOf(segment));
    if (literal) walk(literal, at + 1, values, `${rank}2`);
    if (node.label && segment !== '') walk(node.label, at + 1, [...values, segment], `${rank}1`);
    if (node.greedy) walkGreedy(node.greedy, at, values, rank);
  };
  const walkGreedy = (node: Node, at: number, values: readonly string[], rank: string): void => {
    // Where nothing follows it, a greedy label takes all there is: a key that ends in a slash keeps it.
    const ends = node.literals.size === 0 && !node.label && !node.greedy ? segments.length : at + 1;
    for (let end = segments.length; end >= ends; end--) {
      const value = segments.slice(at, end).join('/');
      if (value !== '') walk(node, end, [...values, value], `${rank}0`);
    }
  };
  walk(tree, 0, [], '');
  return hits;
};
