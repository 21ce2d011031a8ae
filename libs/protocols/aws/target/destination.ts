/** Where a call goes. Chosen here by service and region: nothing that the client sent names a host. */
import { GatewayError } from '@sallyport/core';
import type { Endpoint } from './endpoint-settings.js';
import type { Parts } from './parts.js';
import type { AwsSettings } from '../settings.js';

export interface Destination {
  readonly endpoint: Endpoint;
  /** One for the whole partition: its region says nothing of where the call has its effect. */
  readonly global: boolean;
}

/** @throws UNSUPPORTED where AWS has no such endpoint */
export function destinationOf(
  service: string,
  region: string,
  { settings, parts }: { readonly settings: AwsSettings; readonly parts: Parts },
): Destination {
  const { endpoints, fips, dualstack } = settings;
  const known = parts.endpointOf(service, region, { fips, dualstack });
  const configured = endpoints.get(service) ?? endpoints.get('default');
  if (configured !== undefined) return { endpoint: configured, global: known?.global ?? false };
  if (known === undefined)
    throw new GatewayError('UNSUPPORTED', `no endpoint of "${service}" in "${region}" is known`, {
      hint: 'an administrator can name one under "endpoints" in the agent’s configuration',
    });
  return { endpoint: { tls: true, host: known.host, port: 443 }, global: known.global };
}

/** As the Host header and the signature have it. */
export const authorityOf = ({ tls, host, port }: Endpoint): string => {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
};
