import type { CredentialConfig } from '../config/credential-config.js';
import { parseLogin } from './login.js';
import { readSecretFile } from './secret-file.js';
import type { CredentialSource } from './source.js';
import { unavailable } from './unavailable.js';

/** Read again at each use: a rotated file is noticed by itself. With `user` the file is the password, else JSON with both. */
export const fromFile = ({ path, user }: Extract<CredentialConfig, { source: 'file' }>): CredentialSource => ({
  async read() {
    const text = await readSecretFile(path);
    return user === undefined
      ? parseLogin(text, { what: 'the agent’s credential file', about: { path } })
      : { user, password: passwordIn(text, path) };
  },
});

/** Editors and secret mounts end files with a newline; a password that ends with one cannot be given this way. */
function passwordIn(text: string, path: string): string {
  const password = text.replace(/\r?\n$/, '');
  if (password !== '') return password;
  throw unavailable('the agent’s credential file is empty', { about: { path } });
}
