import { createHash } from 'node:crypto';
import type { RandomBytes } from '@sallyport/core';

/** Bytes that look random and are the same for the same seed. */
export function seededRandom(seed: number): RandomBytes {
  let counter = 0;
  const next = (): string => {
    counter += 1;
    return `${seed}/${counter}`;
  };
  return (size) => {
    const blocks: Buffer[] = [];
    for (let length = 0; length < size; length += 32) blocks.push(createHash('sha256').update(next()).digest());
    return Buffer.concat(blocks).subarray(0, size);
  };
}

/** A whole number from 0 to below `limit`, from such bytes. */
export const below = (random: RandomBytes, limit: number): number => Buffer.from(random(6)).readUIntBE(0, 6) % limit;
