import { GatewayError } from '@sallyport/core';

/** @throws INVALID_INPUT; `[::1]:7401` for an IPv6 address */
export function splitAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port >= 0 && port <= 65_535) return { host, port };
  throw new GatewayError('INVALID_INPUT', `"${address}" is not an address like "gateway.example.com:7401"`);
}
