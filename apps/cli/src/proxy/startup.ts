import { GatewayError } from '@sallyport/core';

// PostgreSQL 18, 54.7: packets without a type byte, told apart by their code.
export const sslRequestCode = 80877103;
export const gssRequestCode = 80877104;
export const cancelRequestCode = 80877102;
const protocolMajor = 3;
/** PostgreSQL's own limit (MAX_STARTUP_PACKET_LENGTH). */
const longestStartup = 10_000;

export type ClientHello =
  | { readonly kind: 'ssl' | 'gss' }
  | { readonly kind: 'cancel'; readonly packet: Buffer }
  | { readonly kind: 'startup'; readonly version: number; readonly parameters: ReadonlyMap<string, string> };

/**
 * Reads the first packet of a client, or one of several before its start-up.
 * @returns the packet and what follows it; undefined until it is whole; @throws PROTOCOL_VIOLATION
 */
export const readHello = (bytes: Buffer): { readonly hello: ClientHello; readonly rest: Buffer } | undefined => {
  if (bytes.length < 4) return undefined;
  const length = bytes.readInt32BE(0);
  if (length < 8 || length > longestStartup)
    throw new GatewayError('PROTOCOL_VIOLATION', `a start-up packet of ${length} bytes is not PostgreSQL`);
  if (bytes.length < length) return undefined;
  return { hello: helloOf(bytes.subarray(0, length)), rest: bytes.subarray(length) };
};

const helloOf = (packet: Buffer): ClientHello => {
  const code = packet.readInt32BE(4);
  if (code === sslRequestCode) return { kind: 'ssl' };
  if (code === gssRequestCode) return { kind: 'gss' };
  if (code === cancelRequestCode) return { kind: 'cancel', packet };
  if (code >>> 16 !== protocolMajor)
    throw new GatewayError('PROTOCOL_VIOLATION', `protocol version ${code >>> 16} is not supported`);
  return { kind: 'startup', version: code, parameters: parametersOf(packet.subarray(8)) };
};

const parametersOf = (body: Buffer): Map<string, string> => {
  const texts = body.toString('utf8').split('\0');
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < texts.length && texts[index]; index += 2)
    parameters.set(texts[index]!, texts[index + 1]!);
  return parameters;
};

export const startupPacket = (version: number, parameters: ReadonlyMap<string, string>): Buffer => {
  const body = Buffer.from(`${[...parameters].flat().join('\0')}\0\0`, 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(version, 4);
  return Buffer.concat([head, body]);
};

/** A message with a type byte (54.7): type, length of the rest, body. */
export const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

/** What psql prints of a failure: ErrorResponse (54.8). */
export const errorResponse = (text: string, hint?: string): Buffer =>
  message(
    'E',
    Buffer.from(`${['SFATAL', 'VFATAL', 'C08006', `M${text}`, ...(hint ? [`H${hint}`] : [])].join('\0')}\0\0`, 'utf8'),
  );
