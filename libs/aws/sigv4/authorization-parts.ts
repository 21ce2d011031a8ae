import { fail } from './failure.js';
import type { CredentialScope } from './scope.js';

const credential = /^([A-Za-z0-9_-]{1,128})\/(\d{8})\/([A-Za-z0-9-]{1,64})\/([A-Za-z0-9._-]{1,64})\/aws4_request$/;

/** @throws Failed malformed */
export const readCredential = (text: string): { readonly accessKeyId: string; readonly scope: CredentialScope } => {
  const match =
    credential.exec(text) ?? fail('malformed', 'the credential is not "key/date/region/service/aws4_request"');
  const [, accessKeyId, date, region, service] = match as unknown as [string, string, string, string, string];
  return { accessKeyId, scope: { date, region, service } };
};

const headerName = /^(?::authority|[a-z0-9!#$%&'*+.^_`|~-]{1,256})$/;
const hostNames = ['host', ':authority'];

/**
 * Over HTTP/2 the SDK for JavaScript signs the host under its name there, `:authority`.
 *
 * @throws Failed malformed, unsigned-header
 */
export const checkSignedHeaders = (text: string): readonly string[] => {
  const names = text.split(';');
  if (names.length > 256 || !names.every((name) => headerName.test(name)))
    fail('malformed', 'the signed headers are not names in lower case, parted by ";"');
  if (names.some((name, index) => index > 0 && names[index - 1]! >= name))
    fail('malformed', 'the signed headers are not sorted, or one is named twice');
  if (!names.some((name) => hostNames.includes(name))) fail('unsigned-header', 'the header host is not signed');
  return names;
};

/** @throws Failed malformed */
export const checkSignature = (text: string): string =>
  /^[0-9a-f]{64}$/.test(text) ? text : fail('malformed', 'the signature is not 64 hexadecimal digits');

/** @throws Failed unsupported, or malformed for what is no algorithm of AWS */
export const refuseAlgorithm = (name: string): never => {
  if (/^AWS4-ECDSA/.test(name))
    return fail('unsupported', 'signature version 4A is not supported: sign with version 4');
  if (/^AWS3?(-|$)/.test(name)) return fail('unsupported', 'only signature version 4 is supported');
  if (/^(?:bearer|basic|negotiate)$/i.test(name))
    return fail('unsupported', 'only requests signed with signature version 4 are supported');
  return fail('malformed', 'the request is not signed with AWS4-HMAC-SHA256');
};
