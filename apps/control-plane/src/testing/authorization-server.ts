import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWTPayload } from 'jose';

interface Pending {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

/** How the code flow's answers differ from right ones: for attacks. */
export interface Misbehaviour {
  readonly idToken?: (claims: JWTPayload) => Promise<string>;
  readonly callback?: (parameters: URLSearchParams) => void;
}

/**
 * The code flow's two endpoints: everybody who comes is logged in as `person`. PKCE is demanded, a code counts once.
 * OpenID Connect Core 1.0, section 3.1.
 */
export class AuthorizationServer {
  person: JWTPayload = {
    sub: 'ada',
    email: 'ada@example.test',
    email_verified: true,
    groups: ['users'],
    sid: 'browser-1',
  };
  misbehaviour: Misbehaviour = {};
  private readonly pending = new Map<string, Pending>();

  constructor(
    private readonly issuer: () => string,
    private readonly sign: (claims: JWTPayload) => Promise<string>,
  ) {}

  authorize(url: URL, response: ServerResponse): void {
    const asked = url.searchParams;
    const code = randomUUID();
    if (asked.get('code_challenge_method') !== 'S256' || asked.get('response_type') !== 'code') {
      response.writeHead(400).end();
      return;
    }
    this.pending.set(code, {
      challenge: asked.get('code_challenge') ?? '',
      nonce: asked.get('nonce') ?? '',
      redirectUri: asked.get('redirect_uri') ?? '',
    });
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', asked.get('state') ?? '');
    back.searchParams.set('iss', this.issuer());
    this.misbehaviour.callback?.(back.searchParams);
    response.writeHead(303, { location: back.href }).end();
  }

  async token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await textOf(request));
    const known = this.pending.get(form.get('code') ?? '');
    this.pending.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (known === undefined || challenge !== known.challenge || form.get('redirect_uri') !== known.redirectUri) {
      response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
      return;
    }
    const claims = { aud: 'console', nonce: known.nonce, ...this.person };
    const idToken = await (this.misbehaviour.idToken ?? this.sign)(claims);
    response.end(JSON.stringify({ access_token: 'not-used', token_type: 'Bearer', id_token: idToken }));
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
