import { isIP } from 'node:net';
import type { SettingsReader } from './reader.js';

/** Where a listener binds. Port 0 lets the system choose. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);
export const isLoopback = (host: string): boolean => loopbackNames.has(host) || /^127\.\d+\.\d+\.\d+$/.test(host);

/** `host:port`, `[ipv6]:port`, or `:port` for every interface. */
export function addressOf(reader: SettingsReader, name: string, fallback: string): Address {
  const text = reader.text(name, fallback);
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    reader.mistake(name, `must be host:port, not "${text}"`);
    return { host: '127.0.0.1', port: 0 };
  }
  return { host: bracketed ?? (plain === '' || plain === undefined ? '0.0.0.0' : plain), port: Number(port) };
}

/** An https address, or http on loopback only: tokens travel to it. */
export function secureUrl(reader: SettingsReader, name: string, text: string): URL | undefined {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    reader.mistake(name, `must be an https address, not "${text}"`);
  else if (url.protocol === 'http:' && !isLoopback(url.hostname))
    reader.mistake(name, `must use https outside loopback, not "${text}"`);
  else if (url.username !== '' || url.search !== '' || url.hash !== '')
    reader.mistake(name, 'must hold no user, query or fragment');
  else return url;
  return undefined;
}

/** Checked for shape only; the text may hold a password, so it is never repeated, and may come from a file. */
export function databaseUrl(reader: SettingsReader, name: string): string | undefined {
  const text = reader.secret(name);
  if (text === undefined) return undefined;
  if (URL.canParse(text) && ['postgres:', 'postgresql:'].includes(new URL(text).protocol)) return text;
  reader.mistake(name, 'must be an address such as postgres://user:password@host:5432/database');
  return undefined;
}
