/** Reads the heads that the other half has written, field by field: nothing in them is taken on trust. */
import { GatewayError } from '@sallyport/core';

export type Fields = Readonly<Record<string, unknown>>;

const mostListed = 10_000;

export const fieldsOf = (value: unknown): Fields => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw violation('a head is not made of fields');
};

export function text(fields: Fields, name: string, shape?: RegExp): string {
  const value = fields[name];
  if (typeof value === 'string' && (shape?.test(value) ?? true)) return value;
  throw violation(`"${name}" of a head is not what it must be`);
}

export function texts(fields: Fields, name: string): string[] {
  const value = fields[name];
  if (Array.isArray(value) && value.length <= mostListed && value.every((each) => typeof each === 'string'))
    return value;
  throw violation(`"${name}" of a head is no list of texts`);
}

export function size(fields: Fields, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw violation(`"${name}" of a head is no number of bytes`);
}

export const optional = <Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (fields: Fields, name: Name) => Value,
): { readonly [Key in Name]?: Value } => {
  if (fields[name] === undefined || fields[name] === null) return {};
  return { [name]: read(fields, name) } as { [Key in Name]: Value };
};

export const isHeader = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'string');

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);
