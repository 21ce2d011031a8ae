/** CRC-32C (RFC 3720, appendix B.4) and CRC-64/NVME. Eight tables each, so that eight bytes are taken at a step. */
const castagnoli = 0x82f63b78n;
const nvme = 0x9a6c9329ac4bc9b5n;

interface Tables {
  /** Entry `table * 256 + byte`. */
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** @param polynomial reflected, of at most 64 bits */
const tablesOf = (polynomial: bigint): Tables => {
  const [low, high] = [new Int32Array(2048), new Int32Array(2048)];
  const put = (entry: number, value: bigint): void => {
    low[entry] = Number(BigInt.asIntN(32, value));
    high[entry] = Number(BigInt.asIntN(32, value >> 32n));
  };
  const values: bigint[] = [];
  for (let byte = 0n; byte < 256n; byte += 1n) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    values.push(value);
  }
  for (let entry = 0; entry < 2048; entry += 1) {
    if (entry >= 256) values.push((values[entry - 256]! >> 8n) ^ values[Number(values[entry - 256]! & 0xffn)]!);
    put(entry, values[entry]!);
  }
  return { low, high };
};

const { low: table32 } = tablesOf(castagnoli);

/** @param before of the bytes before these, 0 where there are none */
export const crc32c = (bytes: Uint8Array, before: number): number => {
  const table = table32;
  const end = bytes.length - 7;
  let value = ~before;
  let at = 0;
  for (; at < end; at += 8) {
    value ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    value =
      table[1792 + (value & 0xff)]! ^
      table[1536 + ((value >>> 8) & 0xff)]! ^
      table[1280 + ((value >>> 16) & 0xff)]! ^
      table[1024 + (value >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at += 1) value = (value >>> 8) ^ table[(value ^ bytes[at]!) & 0xff]!;
  return ~value;
};

const table64 = tablesOf(nvme);

export class Crc64 {
  #low = -1;
  #high = -1;

  /** The upper and the lower 32 bits. */
  get value(): [high: number, low: number] {
    return [~this.#high, ~this.#low];
  }

  update(bytes: Uint8Array): void {
    const { low: lows, high: highs } = table64;
    const end = bytes.length - 7;
    let [low, high, at] = [this.#low, this.#high, 0];
    for (; at < end; at += 8) {
      low ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      high ^= bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
      const [e7, e6, e5, e4] = [
        1792 + (low & 0xff),
        1536 + ((low >>> 8) & 0xff),
        1280 + ((low >>> 16) & 0xff),
        1024 + (low >>> 24),
      ];
      const [e3, e2, e1, e0] = [
        768 + (high & 0xff),
        512 + ((high >>> 8) & 0xff),
        256 + ((high >>> 16) & 0xff),
        high >>> 24,
      ];
      low = lows[e7]! ^ lows[e6]! ^ lows[e5]! ^ lows[e4]! ^ lows[e3]! ^ lows[e2]! ^ lows[e1]! ^ lows[e0]!;
      high = highs[e7]! ^ highs[e6]! ^ highs[e5]! ^ highs[e4]! ^ highs[e3]! ^ highs[e2]! ^ highs[e1]! ^ highs[e0]!;
    }
    for (; at < bytes.length; at += 1) {
      const entry = (low ^ bytes[at]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ lows[entry]!;
      high = (high >>> 8) ^ highs[entry]!;
    }
    [this.#low, this.#high] = [low, high];
  }
}
