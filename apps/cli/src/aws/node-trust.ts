import { readFileSync } from 'node:fs';
import { keep } from '../config-directory.js';

const readable = (file: string | undefined): string => {
  try {
    return file ? readFileSync(file, 'utf8') : '';
  } catch {
    return ''; // Node goes without it too, and says so
  }
};

/** What Node trusts beyond its own list is one file: the gateway's CA is added to what is there. @returns the file */
export const nodeTrust = (ca: string, env: NodeJS.ProcessEnv): string => {
  const before = readable(env['NODE_EXTRA_CA_CERTS']);
  const certificate = readable(ca);
  if (!before.trim()) return ca;
  if (before.includes(certificate)) return env['NODE_EXTRA_CA_CERTS']!;
  return keep(env, 'ca-', `${before.trimEnd()}\n${certificate}`, '.pem');
};
