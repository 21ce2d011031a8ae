import type OpenIDConnectStrategy from 'passport-openidconnect';
import { fetchDocument } from '../tokens/fetch-document.js';
import type { IssuerMetadata } from '../tokens/issuer.js';

type OAuth2 = OpenIDConnectStrategy.OAuth2;

export interface Exchange {
  readonly oauth2: OAuth2;
  readonly metadata: IssuerMetadata;
  readonly verifier: string;
}

/** RFC 6749, 2.3.1: user and password are form-encoded before they are joined. */
const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/**
 * The library's token request, replaced: with the PKCE verifier, the endpoint that discovery names, and a deadline.
 * @returns the answer of the token endpoint
 */
async function exchangeCode(
  { oauth2, metadata, verifier }: Exchange,
  code: string,
  parameters: Record<string, string>,
): Promise<Record<string, unknown>> {
  const { _clientId: id, _clientSecret: secret } = oauth2;
  const body = new URLSearchParams({ ...parameters, code, code_verifier: verifier });
  const headers: Record<string, string> = { accept: 'application/json' };
  const byPost = metadata.token_endpoint_auth_methods_supported?.includes('client_secret_basic') === false;
  if (secret === '' || byPost) body.set('client_id', id);
  if (secret !== '' && byPost) body.set('client_secret', secret);
  if (secret !== '' && !byPost) headers['authorization'] = basic(id, secret);
  const answer = await fetchDocument(metadata.token_endpoint ?? '', { method: 'POST', headers, body });
  if (!answer.ok || typeof answer.body !== 'object' || answer.body === null)
    throw new Error('the issuer refused the authorization code');
  return answer.body as Record<string, unknown>;
}

/** An `_oauth2` for one request of the strategy; the shared one is not changed. */
export const oauth2Of = (exchange: Exchange): OAuth2 =>
  Object.assign(Object.create(exchange.oauth2) as OAuth2, {
    _authorizeUrl: exchange.metadata.authorization_endpoint ?? '',
    _accessTokenUrl: exchange.metadata.token_endpoint ?? '',
    getOAuthAccessToken: ((code, parameters, callback) => {
      exchangeCode(exchange, code, parameters).then(
        (answer) => callback(null, '', undefined, answer), // its access token is for nobody: the id_token says who came,
        (error: unknown) => callback(error),
      );
    }) satisfies OAuth2['getOAuthAccessToken'],
  });
