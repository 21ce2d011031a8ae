/** SCRAM-SHA-256 as the client (RFC 5802, RFC 7677), without channel binding, as PostgreSQL uses it: the user name is empty. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { GatewayError } from '@sallyport/core';

const derive = promisify(pbkdf2);
const maxIterations = 10_000_000;

export interface ScramClient {
  readonly first: string;
  /** @returns client-final-message for the server's first one */
  answer(serverFirst: string): Promise<string>;
  /** Throws unless the server has proven that it knows the password too. */
  verify(serverFinal: string): void;
}

export function scramClient(password: string, nonce = randomBytes(18).toString('base64')): ScramClient {
  const bare = `n=,r=${nonce}`;
  let serverSignature: Buffer | undefined;
  return {
    first: `n,,${bare}`,
    answer: async (serverFirst) => {
      const { combined, salt, iterations } = parseServerFirst(serverFirst, nonce);
      const salted = await saltedPassword(password, salt, iterations);
      const clientKey = hmac(salted, 'Client Key');
      const withoutProof = `c=biws,r=${combined}`; // biws: base64 of "n,,", no channel binding
      const signed = `${bare},${serverFirst},${withoutProof}`;
      const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
      serverSignature = hmac(hmac(salted, 'Server Key'), signed);
      return `${withoutProof},p=${Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString('base64')}`;
    },
    verify: (serverFinal) => {
      const claimed = Buffer.from(/^v=([A-Za-z0-9+/=]+)/.exec(serverFinal)?.[1] ?? '', 'base64');
      if (
        serverSignature === undefined ||
        claimed.length !== serverSignature.length ||
        !timingSafeEqual(claimed, serverSignature)
      ) {
        throw refused('the target could not prove that it knows the password');
      }
    },
  };
}

/** Each is as good as its password, which this process holds as well. A server changes the salt with the password. */
const saltedBefore = new Map<string, Promise<Buffer>>();
const mostSalted = 100;

/** Thousands of hashes, the same ones for each log-in of a role (RFC 5802, section 5.1, lets a client keep the result). */
function saltedPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  const name = createHash('sha256')
    .update(`${iterations} ${salt.toString('base64')} `)
    .update(password)
    .digest('base64');
  const known = saltedBefore.get(name);
  if (known !== undefined) return known;
  const salted = derive(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  salted.catch(() => saltedBefore.delete(name));
  if (saltedBefore.size >= mostSalted) saltedBefore.delete(saltedBefore.keys().next().value!);
  saltedBefore.set(name, salted);
  return salted;
}

function parseServerFirst(serverFirst: string, nonce: string) {
  const [, combined, salt, iterations] = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d+)/.exec(serverFirst) ?? [];
  if (!combined?.startsWith(nonce) || combined.length === nonce.length || !salt || !iterations)
    throw refused('the target’s SCRAM challenge is malformed');
  if (Number(iterations) > maxIterations) throw refused('the target asks for too many SCRAM iterations');
  return { combined, salt: Buffer.from(salt, 'base64'), iterations: Number(iterations) };
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const refused = (message: string): GatewayError => new GatewayError('TARGET_REFUSED_CREDENTIAL', message);
