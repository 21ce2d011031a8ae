import type { Authorization, Readable } from './authorization.js';
import { checkSignature, checkSignedHeaders, readCredential, refuseAlgorithm } from './authorization-parts.js';
import { fail } from './failure.js';
import { impliedPayload } from './payload.js';
import { algorithm, parseAmzDate } from './scope.js';

export const signatureParameter = 'X-Amz-Signature';

/** All parameters of a presigned request; nothing that was signed for a gateway goes on to AWS. */
export const presignedParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  signatureParameter,
  'X-Amz-Security-Token',
  'X-Amz-Content-Sha256',
] as const;
type Parameter = (typeof presignedParameters)[number];

const spelling = new Map<string, Parameter>(presignedParameters.map((name) => [name.toLowerCase(), name]));
const weekSeconds = 7 * 24 * 60 * 60;

/** @throws Failed */
export const readPresigned = ({ headers, pairs }: Readable): Authorization => {
  const given = readParameters(pairs);
  const parameter = (name: Parameter): string => given.get(name) ?? fail('missing', `the parameter ${name} is missing`);
  if (parameter('X-Amz-Algorithm') !== algorithm) refuseAlgorithm(parameter('X-Amz-Algorithm'));
  const { accessKeyId, scope } = readCredential(parameter('X-Amz-Credential'));
  const amzDate = parameter('X-Amz-Date');
  const sessionToken = onlyOne(given.get('X-Amz-Security-Token'), headers.get('x-amz-security-token')?.[0]);
  const payload =
    onlyOne(given.get('X-Amz-Content-Sha256'), headers.get('x-amz-content-sha256')?.[0]) ??
    impliedPayload('presigned', scope.service);
  if (payload?.startsWith('STREAMING-')) fail('unsupported', 'a presigned request cannot sign its body in chunks');
  return {
    ok: true,
    form: 'presigned',
    accessKeyId,
    scope,
    signedHeaders: checkSignedHeaders(parameter('X-Amz-SignedHeaders')),
    signature: checkSignature(parameter(signatureParameter)),
    signedAt: parseAmzDate(amzDate) ?? fail('malformed', 'X-Amz-Date is no date like 20260102T030405Z'),
    amzDate,
    expiresSeconds: readExpires(parameter('X-Amz-Expires')),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(payload === undefined ? {} : { payload }),
  };
};

const readParameters = (pairs: Readable['pairs']): Map<Parameter, string> => {
  const given = new Map<Parameter, string>();
  for (const [name, value] of pairs) {
    const known = spelling.get(name.toLowerCase());
    if (!known) continue;
    if (known !== name && !anySpelling.has(known)) fail('malformed', `the parameter ${known} is spelled otherwise`);
    if (given.has(known)) fail('malformed', `the parameter ${known} is given twice`);
    given.set(known, decoded(value));
  }
  return given;
};

/** A header that SDKs move into the query as they spell it. */
const anySpelling = new Set<Parameter>(['X-Amz-Content-Sha256']);

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return fail('malformed', 'a parameter of the signature is not UTF-8');
  }
};

const onlyOne = (parameter: string | undefined, header: string | undefined): string | undefined => {
  if (parameter !== undefined && header !== undefined && parameter !== header)
    fail('malformed', 'a header and a parameter of the signature contradict one another');
  return parameter ?? header;
};

const readExpires = (text: string): number => {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > weekSeconds) fail('malformed', 'X-Amz-Expires is not between 1 and 604800 seconds');
  return seconds;
};
