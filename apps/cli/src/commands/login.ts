import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command } from '../cli.js';
import { Credentials } from '../credentials.js';
import { type AuthConfig, type DeviceCode, deviceLogin, revokeLogin } from '../oidc.js';
import { plainLine } from '../plain-text.js';
import { sheet } from '../table.js';

const directions = ({ user_code, verification_uri, verification_uri_complete }: DeviceCode): string =>
  verification_uri_complete
    ? `Open ${plainLine(verification_uri_complete)}\nand check that it shows the code ${plainLine(user_code)}`
    : `Open ${plainLine(verification_uri)}\nand type the code ${plainLine(user_code)}`;

export const addLogin = (program: Command): void => {
  command(program, 'login', 'log in with your organisation’s issuer (device flow)', async (call) => {
    const config = await call.api.anonymous<AuthConfig>('/v1/auth/config');
    const login = await deviceLogin(config, (code) => call.say(directions(code)));
    const credentials = new Credentials(call.world.env);
    await credentials.exclusively(call.api.url, async () => credentials.keep(call.api.url, login));
    const facts = { url: call.api.url, issuer: login.issuer, expires_at: new Date(login.expires_at).toISOString() };
    call.show(facts, () => `logged in at ${call.api.url}\n`);
  });

  command(program, 'logout', 'end the login, here and at the issuer', async (call) => {
    const credentials = new Credentials(call.world.env);
    const revoked = await credentials.exclusively(call.api.url, async (login) => {
      credentials.forget(call.api.url);
      return login
        ? revokeLogin(login).catch(
            (error: unknown) =>
              void call.say(`the issuer was not told: ${error instanceof GatewayError ? error.message : 'it failed'}`),
          )
        : false;
    });
    call.show({ url: call.api.url, revoked: revoked === true }, () => `logged out at ${call.api.url}\n`);
  });

  command(program, 'whoami', 'who the control plane takes you for', async (call) => {
    const me = await call.api.get<Readonly<Record<string, unknown>>>('/v1/whoami');
    call.show(me, () => sheet(me));
  });
};
