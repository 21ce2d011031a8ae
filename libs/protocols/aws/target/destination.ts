/** Where a call goes. Chosen here by service and region: nothing that the client sent names a host. */
import { type Catalogue, type EndpointQuery, endpointOf, type Endpoint as KnownEndpoint } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { Endpoint } from '@sallyport/http';
import type { AwsSettings } from '../settings.js';

export interface Destination {
  readonly endpoint: Endpoint;
  readonly signingName: string;
  readonly signingRegion: string;
}

export interface Places {
  readonly catalogue: Catalogue;
  readonly settings: AwsSettings;
}

export interface Asked extends Pick<EndpointQuery, 'service' | 'operation' | 'region' | 'input'> {
  /** What the client signed for: used where the catalogue knows no better. */
  readonly signingName: string;
}

/** @throws UNSUPPORTED where AWS has no such endpoint and none is configured */
export function destinationOf(asked: Asked, places: Places): Destination {
  const { endpoints } = places.settings;
  const configured = endpoints.get(asked.service) ?? endpoints.get('default');
  const known =
    configured === undefined ? knownEndpoint(asked, places) : orUndefined(() => knownEndpoint(asked, places));
  return {
    endpoint: configured ?? { tls: true, host: known!.host, port: 443 },
    signingName: known?.signingName ?? asked.signingName,
    signingRegion: known?.signingRegion ?? asked.region,
  };
}

/** Is it the same endpoint of AWS for both? A global service has one for its whole partition. */
export function isSamePlace(asked: Asked, region: string, places: Places): boolean {
  const hosts = [asked.region, region].map((each) =>
    orUndefined(() => knownEndpoint({ ...asked, region: each }, places)),
  );
  return hosts[0] !== undefined && hosts[0].host === hosts[1]?.host;
}

const knownEndpoint = ({ service, operation, region, input }: Asked, { catalogue, settings }: Places): KnownEndpoint =>
  endpointOf(catalogue, { service, operation, region, input, fips: settings.fips, dualstack: settings.dualstack });

function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** As the Host header and the signature have it. */
export const authorityOf = ({ tls, host, port }: Endpoint): string => {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
};
