/** What objects are made of: text in which no detector finds anything, and of which no two lines are the same. */
const lines = (): string[] => {
  const line = (n: number): string =>
    `the parcel of order ${n} waits in row ${n % 40} of the hall, and is to be sent on by Friday\n`;
  return Array.from({ length: 4_000 }, (_, n) => line(n));
};

/** 256 KiB, to be repeated. */
export const block: Buffer = Buffer.from(lines().join('')).subarray(0, 256 * 1024);
