/** What a target of type postgres may say in the agent's configuration file. */
import { readFileSync } from 'node:fs';
import { GatewayError } from '@sallyport/core';
import { type ColumnPattern, parseColumnPattern } from '@sallyport/masking';

export const tlsModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof tlsModes)[number];

export interface TargetSettings {
  readonly databases: readonly string[];
  readonly tls: { readonly mode: TlsMode; readonly ca?: string; readonly serverName?: string };
  /** Columns that the target's own grants keep from the login; the self-check looks whether they do. */
  readonly withheld: readonly ColumnPattern[];
}

/** @throws GatewayError INVALID_INPUT naming every mistake */
export function parseTargetSettings(settings: Readonly<Record<string, unknown>>): TargetSettings {
  const mistakes: string[] = [];
  const databases = stringList(settings['databases']);
  if (!databases || databases.length === 0) mistakes.push('"databases" must list at least one database');
  const tls = parseTls(settings['tls'], mistakes);
  const withheld = parseWithheld(settings['withheld_columns'], mistakes);
  if (mistakes.length > 0) throw new GatewayError('INVALID_INPUT', mistakes.join('; '), { details: { mistakes } });
  return { databases: databases!, tls, withheld };
}

const stringList = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.every((item): item is string => typeof item === 'string' && item !== '')
    ? value
    : undefined;

function parseWithheld(value: unknown, mistakes: string[]): ColumnPattern[] {
  const texts = value === undefined || value === null ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
  return texts.flatMap((text) => {
    try {
      return [parseColumnPattern(String(text))];
    } catch (error) {
      mistakes.push(`"withheld_columns": ${error instanceof Error ? error.message : 'cannot be read'}`);
      return [];
    }
  });
}

function parseTls(value: unknown, mistakes: string[]): TargetSettings['tls'] {
  const {
    mode = 'verify-full',
    ca_file,
    server_name,
  } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (!tlsModes.some((known) => known === mode)) mistakes.push(`"tls.mode" must be one of ${tlsModes.join(', ')}`);
  const ca = typeof ca_file === 'string' ? readCa(ca_file, mistakes) : undefined;
  if ((mode === 'verify-ca' || mode === 'verify-full') && ca_file !== undefined && ca === undefined)
    mistakes.push('"tls.ca_file" cannot be read');
  return {
    mode: mode as TlsMode,
    ...(ca === undefined ? {} : { ca }),
    ...(typeof server_name === 'string' ? { serverName: server_name } : {}),
  };
}

function readCa(path: string, mistakes: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    mistakes.push(`"tls.ca_file" "${path}": ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
    return undefined;
  }
}
