/** The two calls of STS that the agent makes for itself. They go the way of every other call, but to nobody's answer. */
import { createHash } from 'node:crypto';
import { parseXml, type SigningKeySource, sign, type XmlElement } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { AwsCredential } from '@sallyport/engine';
import { type Header, type UpstreamAnswer, type UpstreamClient, wholeAnswer } from '@sallyport/http';
import { authorityOf, destinationOf, type Places } from '../destination.js';
import { errorCode, refusesCredential } from '../error-code.js';

const timeoutMs = 15_000;
const mostBytes = 256 * 1024;

export interface StsOptions {
  readonly places: Places;
  readonly keys: SigningKeySource;
  readonly client: UpstreamClient;
  readonly credential: (fresh: boolean) => Promise<AwsCredential>;
}

/** STS said no: its code, and its message for who has to decide on it; never for a client. */
export class StsRefusal extends Error {
  constructor(
    readonly code: string,
    readonly text: string,
  ) {
    super(`STS refuses (${code})`);
  }
}

export class Sts {
  constructor(private readonly options: StsOptions) {}

  /** The account of the agent's own credential. @throws StsRefusal, GatewayError */
  async account(): Promise<string> {
    const account = textAt(await this.#call([['Action', 'GetCallerIdentity']]), 'GetCallerIdentityResult', 'Account');
    if (account === undefined || !/^\d{12}$/.test(account)) throw notUnderstood();
    return account;
  }

  /** @throws StsRefusal, GatewayError */
  async assumeRole(parameters: readonly Header[]): Promise<AwsCredential> {
    const answer = await this.#call([['Action', 'AssumeRole'], ...parameters]);
    const field = (name: string) => textAt(answer, 'AssumeRoleResult', 'Credentials', name);
    const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(field);
    const expiration = new Date(field('Expiration') ?? '');
    if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiration.getTime())) throw notUnderstood();
    return { accessKeyId, secretAccessKey, sessionToken, expiration };
  }

  /** Once more with a credential read afresh where it is the credential that is refused. */
  async #call(parameters: readonly Header[]): Promise<XmlElement> {
    try {
      return await this.#attempt(parameters, false);
    } catch (error) {
      if (!(error instanceof StsRefusal) || !refusesCredential(error.code)) throw error;
      return this.#attempt(parameters, true);
    }
  }

  async #attempt(parameters: readonly Header[], fresh: boolean): Promise<XmlElement> {
    const { places, client, keys } = this.options;
    const credential = await this.options.credential(fresh);
    const asked = { service: 'sts', operation: 'AssumeRole', input: {}, signingName: 'sts' };
    const { endpoint, ...signing } = destinationOf({ ...asked, region: places.settings.region }, places);
    const form = new URLSearchParams([['Version', '2011-06-15']]);
    for (const [name, value] of parameters) form.append(name, value);
    const body = Buffer.from(form.toString());
    const { headers } = sign(
      {
        method: 'POST',
        path: '/',
        query: '',
        headers: [
          ['host', authorityOf(endpoint)],
          ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
          ['content-length', String(body.length)],
        ],
      },
      credential,
      {
        region: signing.signingRegion,
        service: signing.signingName,
        now: new Date(),
        payload: createHash('sha256').update(body).digest('hex'),
        keys,
      },
    );
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await client.send({ endpoint, method: 'POST', path: '/', headers, body, repeatable: true, signal });
    return this.#read(answer);
  }

  async #read(answer: UpstreamAnswer): Promise<XmlElement> {
    const bytes = await wholeAnswer(answer, mostBytes);
    if (answer.status === 200) return parseXml(bytes);
    throw new StsRefusal(errorCode(answer.status, answer.headers, bytes), messageIn(bytes));
  }
}

const messageIn = (bytes: Buffer): string =>
  /<Message>([^<]{0,2000})<\/Message>/.exec(bytes.subarray(0, 64 * 1024).toString('utf8'))?.[1] ?? '';

function textAt(root: XmlElement, ...names: readonly string[]): string | undefined {
  let at: XmlElement | undefined = root;
  for (const name of names) at = at?.children.find((child) => child.name === name);
  return at?.text.trim();
}

const notUnderstood = (): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'STS answered something that cannot be read');
