import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A checksum over a stream; `digest` is base64, as S3 writes it. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  digest(): string;
}

const hashed = (algorithm: string) => (): Checksum => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('base64') };
};

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const crc32Checksum = (): Checksum => {
  let value = 0;
  return { update: (bytes) => (value = crc32(bytes, value)), digest: () => word(value).toString('base64') };
};

/** Eight tables, so that eight bytes are taken at a step. @param polynomial reflected */
const slicingTables = (polynomial: number): Uint32Array[] => {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    tables[0]![byte] = value;
  }
  for (let table = 1; table < 8; table += 1)
    for (let byte = 0; byte < 256; byte += 1) {
      const before = tables[table - 1]![byte]!;
      tables[table]![byte] = (before >>> 8) ^ tables[0]![before & 0xff]!;
    }
  return tables;
};

const castagnoli = slicingTables(0x82f63b78);

/** CRC-32C, RFC 3720 appendix B.4. */
const crc32c = (bytes: Uint8Array, before: number): number => {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = castagnoli as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let value = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    value ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    value =
      t7[value & 0xff]! ^
      t6[(value >>> 8) & 0xff]! ^
      t5[(value >>> 16) & 0xff]! ^
      t4[value >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at += 1) value = (value >>> 8) ^ t0[(value ^ bytes[at]!) & 0xff]!;
  return ~value;
};

const crc32cChecksum = (): Checksum => {
  let value = 0;
  return { update: (bytes) => (value = crc32c(bytes, value)), digest: () => word(value).toString('base64') };
};

/** CRC-64/NVME, reflected, in two halves of 32 bits. */
const nvme = (() => {
  const [high, low] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    high[byte] = Number(value >> 32n);
    low[byte] = Number(value & 0xffffffffn);
  }
  return { high, low };
})();

const crc64Checksum = (): Checksum => {
  let [high, low] = [0xffffffff, 0xffffffff];
  return {
    update: (bytes) => {
      for (let at = 0; at < bytes.length; at += 1) {
        const index = (low ^ bytes[at]!) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ nvme.low[index]!;
        high = (high >>> 8) ^ nvme.high[index]!;
      }
    },
    digest: () => Buffer.concat([word(~high), word(~low)]).toString('base64'),
  };
};

const checksums: Readonly<Record<string, () => Checksum>> = {
  'x-amz-checksum-crc32': crc32Checksum,
  'x-amz-checksum-crc32c': crc32cChecksum,
  'x-amz-checksum-crc64nvme': crc64Checksum,
  'x-amz-checksum-md5': hashed('md5'),
  'x-amz-checksum-sha1': hashed('sha1'),
  'x-amz-checksum-sha256': hashed('sha256'),
  'x-amz-checksum-sha512': hashed('sha512'),
};

/** @returns how to make the checksum that a trailer of this name holds; undefined where it is none that is known */
export const checksumOf = (trailer: string): (() => Checksum) | undefined =>
  Object.hasOwn(checksums, trailer) ? checksums[trailer] : undefined;
