import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc64, crc32c } from './crc.js';

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
  bytes.writeInt32BE(value | 0);
  return bytes;
};

const crc32Checksum = (): Checksum => {
  let value = 0;
  return { update: (bytes) => (value = crc32(bytes, value)), digest: () => word(value).toString('base64') };
};

const crc32cChecksum = (): Checksum => {
  let value = 0;
  return { update: (bytes) => (value = crc32c(bytes, value)), digest: () => word(value).toString('base64') };
};

const crc64Checksum = (): Checksum => {
  const state = new Crc64();
  return {
    update: (bytes) => state.update(bytes),
    digest: () => Buffer.concat(state.value.map(word)).toString('base64'),
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
