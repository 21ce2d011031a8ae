import { readFileSync } from 'node:fs';
import { testIssuer } from '@sallyport/testkit';

/** The development issuer alone, for docker-compose.yml: its port is published on loopback there, and nowhere else. */
const secretFile = process.env['ISSUER_CLIENT_SECRET_FILE'];
const issuer = await testIssuer({
  host: '0.0.0.0',
  port: 7403,
  url: process.env['ISSUER_URL'] ?? 'http://localhost:7403',
  redirectUris: (process.env['ISSUER_REDIRECT_URIS'] ?? 'http://localhost:7400/auth/callback').split(','),
  ...(secretFile ? { clientSecret: readFileSync(secretFile, 'utf8').trim() } : {}),
});
process.stdout.write(`issuer at ${issuer.issuer}, for development only: it has no passwords\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void issuer.stop().then(() => process.exit(0)));
