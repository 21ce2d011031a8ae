/** The login that a connection should have at its target, as a script for whoever administers that. */
import { GatewayError } from '@sallyport/core';
import type { Hardening, HardeningRequest } from '@sallyport/engine';
import { type ColumnPattern, parseColumnPattern } from '@sallyport/masking';
import { hardenScript, quoteSchema } from '@sallyport/sql';

/** NAMEDATALEN less the terminator: the server would cut what is longer, and mean another name. */
const mostNameBytes = 63;

export function harden(request: HardeningRequest): Hardening {
  for (const name of [request.role, request.database, ...request.schemas]) checkName(name);
  const script = hardenScript({ ...request, withheld: request.withheld.map(patternOf) });
  return { script, expected: request.readWrite ? expectedOf(request.schemas) : [] };
}

function checkName(name: string): void {
  if (name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= mostNameBytes) return;
  throw new GatewayError('INVALID_INPUT', `"${name}" is no name that PostgreSQL can hold`);
}

function patternOf(text: string): ColumnPattern {
  try {
    return parseColumnPattern(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new GatewayError('INVALID_INPUT', cause.message, { cause, hint: 'name columns as schema.table.column' });
  }
}

const expectedOf = (schemas: readonly string[]): string[] => {
  const within = schemas.length === 0 ? ['*'] : schemas.map((schema) => `${quoteSchema(schema)}.*`);
  return [
    ...within.map((names) => `can write: ${names} (INSERT, UPDATE, DELETE)`),
    ...within.map((names) => `can advance: ${names}`),
    'setting: default_transaction_read_only = off',
  ];
};
