import { createHash } from 'node:crypto';
import { type Digest, GatewayError } from '@sallyport/core';
import type { Catalogue, Column, ViewColumn } from './catalogue.js';

const format = 3;

const sortedKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Columns make up nearly all of a catalogue: they travel as arrays. */
type PackedColumn = readonly [
  attnum: number,
  name: string,
  type: number,
  from?: readonly number[] | null,
  shows?: ViewColumn,
];

const packedColumn = ({ attnum, name, type, from, shows }: Column): PackedColumn => {
  if (shows) return [attnum, name, type, from ?? null, shows];
  return from ? [attnum, name, type, from] : [attnum, name, type];
};

const unpackedColumn = ([attnum, name, type, from, shows]: PackedColumn): Column => ({
  attnum,
  name,
  type,
  ...(from && { from }),
  ...(shows && { shows }),
});

const packed = (catalogue: Catalogue): unknown => ({
  ...catalogue,
  format,
  relations: catalogue.relations.map((relation) => ({ ...relation, columns: relation.columns.map(packedColumn) })),
});

/** Deterministic: equal catalogues give equal bytes. JSON, UTF-8, keys sorted. */
export const encodeCatalogue = (catalogue: Catalogue): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(packed(catalogue), sortedKeys));

type Packed = Omit<Catalogue, 'relations'> & {
  readonly format: number;
  readonly relations: readonly (Omit<Catalogue['relations'][number], 'columns'> & {
    readonly columns: readonly PackedColumn[];
  })[];
};

const isPacked = (value: unknown): value is Packed =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === format &&
  ['relations', 'functions', 'types', 'operators', 'searchPath'].every((key) => Array.isArray(Reflect.get(value, key)));

const parsed = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', 'the catalogue is not JSON', { cause });
  }
};

/** @throws GatewayError INVALID_INPUT for bytes that `encodeCatalogue` of this version did not make */
export const decodeCatalogue = (bytes: Uint8Array): Catalogue => {
  const value = parsed(bytes);
  if (!isPacked(value)) throw new GatewayError('INVALID_INPUT', 'the catalogue has another format');
  const { format: _format, ...rest } = value;
  return {
    ...rest,
    relations: value.relations.map((relation) => ({ ...relation, columns: relation.columns.map(unpackedColumn) })),
  };
};

/** SHA-256 of the encoded bytes: what agent and control plane compare. */
export const catalogueDigest = (bytes: Uint8Array): Digest =>
  createHash('sha256').update(bytes).digest('hex') as Digest;
