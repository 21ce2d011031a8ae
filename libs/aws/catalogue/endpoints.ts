/**
 * Where AWS serves an operation, from the endpoint rules of botocore.
 *
 * INVARIANT: the client's text chooses no host. What of a call's input stands in a host name (the account in front of S3
 * Control's) is one DNS label, in front of a host that the table has.
 */
import { GatewayError } from '@sallyport/core';
import type { Catalogue } from './catalogue.js';
import type { EndpointGroup, Partition, Template } from './endpoint-table.js';
import type { OperationModel, ServiceModel } from './model.js';

export interface EndpointQuery {
  /** botocore's names, as `identify` gives them. */
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly fips?: boolean;
  readonly dualstack?: boolean;
}

export interface Endpoint {
  /** To be reached by HTTPS at port 443. */
  readonly host: string;
  readonly signingName: string;
  /** A global service signs for one region of its partition. */
  readonly signingRegion: string;
}

/** `aws`, `aws-cn`, `aws-us-gov`, …; undefined where no partition has the region. */
export const partitionOf = (catalogue: Catalogue, region: string): string | undefined =>
  Object.entries(catalogue.endpoints.partitions).find(([, { regions }]) => regions.includes(region))?.[0];

/** @throws GatewayError UNSUPPORTED: an unknown region, no such endpoint, or a call that goes to a host of its own */
export const endpointOf = (catalogue: Catalogue, query: EndpointQuery): Endpoint => {
  const { service, operation } = modelsOf(catalogue, query);
  checkElsewhere(query);
  const [host, signingName, signingRegion] = templateOf(catalogue, query).split('|');
  if (!host)
    throw unsupported(
      `${query.service} has no ${variantName(query)}endpoint in ${query.region} that is signed by SigV4`,
    );
  return {
    host: hostOf(host, operation, query, partitionNamed(catalogue, query.region)),
    signingName: signingName || service.signingName,
    signingRegion: signingRegion || query.region,
  };
};

const unsupported = (message: string, hint?: string): GatewayError =>
  new GatewayError('UNSUPPORTED', message, hint === undefined ? {} : { hint });

const variantName = ({ fips, dualstack }: EndpointQuery): string =>
  [fips && 'FIPS ', dualstack && 'dual-stack '].filter(Boolean).join('');

const modelsOf = (
  catalogue: Catalogue,
  { service, operation }: EndpointQuery,
): { readonly service: ServiceModel; readonly operation: OperationModel } => {
  const model = catalogue.services.get(service);
  const found = model?.operations.get(operation);
  if (!model || !found) throw unsupported(`no operation ${service} ${operation} is known`);
  return { service: model, operation: found };
};

const partitionNamed = (catalogue: Catalogue, region: string): Partition => {
  const name = partitionOf(catalogue, region);
  if (name === undefined) throw unsupported(`no partition of AWS has the region "${region.slice(0, 64)}"`);
  return catalogue.endpoints.partitions[name]!;
};

/** Members that send a call to an endpoint of the customer's, which no table has. */
const elsewhere: readonly (readonly [service: string, member: string])[] = [
  ['events', 'EndpointId'],
  ['sesv2', 'EndpointId'],
  ['s3control', 'OutpostId'],
  ['s3control', 'x-amz-outpost-id'],
];

const checkElsewhere = ({ service, input }: EndpointQuery): void => {
  for (const [name, member] of elsewhere) {
    if (service === name && input[member] !== undefined) {
      throw unsupported(`a call with ${member} goes to an endpoint of its own`, `leave ${member} out`);
    }
  }
};

const templateOf = (catalogue: Catalogue, query: EndpointQuery): Template => {
  const groups = catalogue.endpoints.services[query.service] ?? [];
  const group = groups.find(({ o }) => o?.includes(query.operation)) ?? groups[0];
  const [most, partitions = {}, regions = {}] = variantsOf(group, query);
  partitionNamed(catalogue, query.region);
  return regions[query.region] ?? partitions[partitionOf(catalogue, query.region)!] ?? most;
};

const variantsOf = (group: EndpointGroup | undefined, { fips, dualstack }: EndpointQuery) =>
  group?.v[(fips ? 1 : 0) + (dualstack ? 2 : 0)] ?? ([''] as const);

const hostOf = (template: string, operation: OperationModel, query: EndpointQuery, partition: Partition): string => {
  const prefix = operation.hostPrefix ?? '';
  return (template.startsWith(prefix) ? template : prefix + template).replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'r') return query.region;
    if (name === 's') return partition.suffix;
    if (name === 'd') return partition.dualStackSuffix;
    return label(name, query.input[name]);
  });
};

const label = (member: string, value: unknown): string => {
  if (typeof value === 'string' && /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(value)) return value;
  throw unsupported(`${member} stands in the host name and is no label of one`);
};
