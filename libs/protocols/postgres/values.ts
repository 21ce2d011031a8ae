/**
 * How values of PostgreSQL's types are cleaned: found secrets are replaced where the type stays valid, and the whole
 * value is withheld where it would not. Type ids: src/include/catalog/pg_type.dat of PostgreSQL.
 */
import type { ColumnMask, Masker, ScanResult } from '@sallyport/masking';

export interface Cleaned {
  /** null is SQL NULL. */
  readonly value: Buffer | null;
  readonly rules: readonly string[];
}

type Shape = 'text' | 'json' | 'jsonb' | 'bytes' | 'number' | 'numeric' | 'inert' | 'structured';

const shapes = new Map<number, Shape>(
  (
    [
      ['text', [18, 19, 25, 142, 705, 1042, 1043, 2275]],
      ['json', [114]],
      ['jsonb', [3802]],
      ['bytes', [17]],
      ['number', [20, 21, 23, 26]], // int8 int2 int4 oid
      ['numeric', [1700]],
      // bool, float4/8, dates, times, interval, uuid, network and bit types, void, xid, tid, geometry: no secret has this form
      [
        'inert',
        [
          16, 28, 27, 29, 600, 601, 602, 603, 604, 628, 700, 701, 718, 774, 829, 650, 869, 1082, 1083, 1114, 1184, 1186,
          1266, 1560, 1562, 2278, 2950, 3220,
        ],
      ],
    ] as const
  ).flatMap(([shape, types]) => types.map((type) => [type, shape] as const)),
);

/**
 * What a masked column shows.
 * A type that cannot hold the mask's text shows NULL, so that a client's decoder finds a valid value or none.
 */
export function maskColumn(value: Buffer, { type, format }: ValueType, mask: ColumnMask): Buffer | null {
  const shape = shapes.get(type);
  if (shape === 'text') return encode(mask.apply(value.toString('utf8')));
  const json = shape === 'json' || (shape === 'jsonb' && format === 0);
  if (json && mask.action !== 'null') return Buffer.from(JSON.stringify(mask.apply(value.toString('utf8'))), 'utf8');
  return null;
}

export interface ValueType {
  readonly type: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

/** What the mask shows is the same for every value. */
export const isConstant = ({ action }: ColumnMask): boolean => action === 'redact' || action === 'null';

/**
 * How detectors look at values of a type: not at all, at the bytes as they stand (and what is found is replaced in place, or
 * `cleanValue` says by what the whole is replaced), or only at what `cleanValue` makes of them.
 */
export type Look = 'never' | 'in place' | 'as it stands' | 'decoded';

export function lookAt({ type, format }: ValueType): Look {
  const shape = shapes.get(type) ?? 'structured';
  if (shape === 'inert') return 'never';
  if (shape === 'text') return 'in place';
  if (format === 0) return shape === 'bytes' ? 'decoded' : 'as it stands';
  return shape === 'json' ? 'as it stands' : 'decoded';
}

/** @returns undefined where no detector finds anything */
export function cleanValue(value: Buffer, valueType: ValueType, masker: Masker): Cleaned | undefined {
  return valueType.format === 0 ? cleanText(value, valueType.type, masker) : cleanBinary(value, valueType.type, masker);
}

function cleanText(value: Buffer, type: number, masker: Masker): Cleaned | undefined {
  const shape = shapes.get(type) ?? 'structured';
  if (shape === 'inert') return undefined;
  if (shape === 'bytes')
    return withheld(masker.scan(Buffer.from(value.toString('latin1', 2), 'hex')), Buffer.from('\\x'));
  if (shape === 'json' || shape === 'jsonb') return replaced(masker.scanJson(value));
  return shape === 'text' ? replaced(masker.scan(value)) : withheld(masker.scan(value), null);
}

function cleanBinary(value: Buffer, type: number, masker: Masker): Cleaned | undefined {
  switch (shapes.get(type) ?? 'structured') {
    case 'inert':
      return undefined;
    case 'text':
      return replaced(masker.scan(value));
    case 'json':
      return replaced(masker.scanJson(value));
    case 'jsonb': // a version byte comes first
      return replaced(masker.scanJson(value.subarray(1)), value.subarray(0, 1));
    case 'number':
      return withheld(masker.scan(Buffer.from(integerText(value), 'latin1')), null);
    case 'numeric':
      return withheld(masker.scan(Buffer.from(numericText(value), 'latin1')), null);
    case 'bytes':
      return withheld(masker.scan(value), Buffer.alloc(0));
    case 'structured':
      return withheld(masker.scan(withoutLengths(value)), null);
  }
}

const replaced = (found: ScanResult | undefined, before: Buffer = Buffer.alloc(0)): Cleaned | undefined =>
  found && { value: found.bytes === null ? null : Buffer.concat([before, found.bytes]), rules: found.rules };

const withheld = (
  found: { readonly rules: readonly string[] } | undefined,
  value: Buffer | null,
): Cleaned | undefined => found && { value, rules: found.rules };

const encode = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'utf8'));

const integerText = (value: Buffer): string =>
  value.length === 8
    ? value.readBigInt64BE().toString()
    : value.length >= 1 && value.length <= 6
      ? value.readIntBE(0, value.length).toString()
      : '';

/** Digits of a binary numeric (numeric.c, numeric_send): groups of four, with the weight of the first. */
function numericText(value: Buffer): string {
  if (value.length < 8) return '';
  const groups = value.readUInt16BE(0);
  const weight = value.readInt16BE(2);
  if (value.length < 8 + groups * 2 || weight > 1_000) return '';
  let digits = '';
  for (let index = 0; index <= Math.max(weight, groups - 1); index += 1) {
    if (index === weight + 1) digits += '.';
    digits += (index < groups ? value.readUInt16BE(8 + index * 2) : 0).toString().padStart(4, '0');
  }
  return digits.replace(/^0+/, '');
}

/**
 * Arrays, records, ranges and types that we do not know: texts in them stand behind four bytes of length, the last of
 * which may look like a letter and hide where a word begins. Those bytes are blanked in a copy that is only looked at.
 */
function withoutLengths(value: Buffer): Buffer {
  const copy = Buffer.from(value);
  for (let index = 0; index + 4 <= copy.length; index += 1) {
    const length = value.readUInt32BE(index);
    if (length <= value.length - index - 4) copy.fill(0x20, index, index + 4);
  }
  return copy;
}
