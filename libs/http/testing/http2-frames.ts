/** HTTP/2 by hand (RFC 9113), for what no well-behaved client sends. */

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const frames = { data: 0, headers: 1, reset: 3, settings: 4 } as const;
export const endHeaders = 4;

/** RFC 9113, 4.1. */
export function frame(type: number, stream: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Headers as RFC 7541 has them, 6.2.2, without any compression. */
export const headerBlock = (headers: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));

const text = (value: string): Buffer => Buffer.concat([lengthOf(value.length), Buffer.from(value)]);

/** An integer with a prefix of seven bits, 5.1. */
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
