/**
 * A request to certify a fresh key: PKCS #10 (RFC 2986) in DER, by Node alone. The library that issues certificates would
 * stay in an agent's memory for the few times that it asks for one.
 */
import { generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';

const tags = {
  integer: 0x02,
  bitString: 0x03,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
};

/** X.690, 8.1: tag, length, contents. Nothing here is longer than two bytes of length can say. */
function der(tag: keyof typeof tags, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tags[tag], ...size]), body]);
}

const commonName = der('objectId', Buffer.from([0x55, 0x04, 0x03])); // 2.5.4.3
const ecdsaWithSha256 = der('objectId', Buffer.from('2a8648ce3d040302', 'hex')); // 1.2.840.10045.4.3.2 (RFC 5758, 3.2)
const versionZero = der('integer', Buffer.from([0]));
const noAttributes = der('context0');

const subject = der(
  'sequence',
  der('set', der('sequence', commonName, der('utf8String', Buffer.from('Sallyport agent')))),
);

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;

/** @returns a fresh key, PKCS #8, and a request to certify it, both PEM */
export async function createAgentRequest(): Promise<{ csr: string; privateKey: string }> {
  const keys = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const info = der(
    'sequence',
    versionZero,
    subject,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    noAttributes,
  );
  const signature = der('bitString', Buffer.from([0]), sign('sha256', info, keys.privateKey));
  return {
    csr: pem('CERTIFICATE REQUEST', der('sequence', info, der('sequence', ecdsaWithSha256), signature)),
    privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
