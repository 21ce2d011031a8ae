import { type Catalogue, endpointOf, type Identified, partitionOf } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { SessionHandle } from '@sallyport/engine';
import type { OpenHead } from '../wire.js';

/** Two regions of each partition, for asking whether a service answers for both at one host. */
const pairs: Readonly<Record<string, readonly [string, string]>> = {
  aws: ['us-east-1', 'eu-west-1'],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
  'aws-us-gov': ['us-gov-west-1', 'us-gov-east-1'],
};

/** Does the service answer for all regions of the partition at once, as IAM does? Then no list of regions can mean it. */
export function isGlobal(catalogue: Catalogue, { service, operation, input }: Identified, region: string): boolean {
  const pair = pairs[partitionOf(catalogue, region) ?? ''];
  if (pair === undefined) return false;
  try {
    const [one, other] = pair.map((each) => endpointOf(catalogue, { service, operation, region: each, input }).host);
    return one === other;
  } catch {
    return false; // no endpoint: the agent says so
  }
}

/** Where a call goes whose signature names no region: a URL presigned by version 2. */
export const usualRegion = ({ connection }: Pick<SessionHandle, 'connection'>): string =>
  (connection.settings as Partial<OpenHead>).regions?.[0] ?? 'us-east-1';

/**
 * @param global does the service answer for all regions at once, whatever region its requests are signed for?
 * @throws GatewayError FORBIDDEN
 */
export function assertRegion(
  { connection }: Pick<SessionHandle, 'connection'>,
  region: string,
  global: () => boolean,
): void {
  const { regions = [] } = connection.settings as Partial<OpenHead>;
  if (regions.length === 0 || regions.includes(region) || global()) return;
  throw new GatewayError('FORBIDDEN', `region "${region}" is not one of connection "${connection.name}"`, {
    hint: `use one of: ${regions.join(', ')}`,
  });
}
