/** Where an agent's requests go: of its own file, never of what a client says. */
import { BlockList, isIP } from 'node:net';

export interface Endpoint {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** @returns what is wrong with it, in words, where something is */
export function parseEndpoint(text: string): Endpoint | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'must be an http or https URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a credential';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'must be scheme, host and port only';
  const tls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { tls, host, port: url.port === '' ? (tls ? 443 : 80) : Number(url.port) };
}

const near = new BlockList();
for (const [address, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  near.addSubnet(address, bits, 'ipv4');
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');

/** A private address, or a name that only a private network knows. */
export function isNear(host: string): boolean {
  const family = isIP(host);
  if (family !== 0) return near.check(host, family === 4 ? 'ipv4' : 'ipv6');
  return !host.includes('.') || /\.(localhost|internal|local|test)$/.test(host);
}
