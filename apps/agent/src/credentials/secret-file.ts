import { open } from 'node:fs/promises';
import { unavailable } from './unavailable.js';

const maxBytes = 64 * 1024;

/**
 * Reads a small file that nobody but its owner and group may read. Checked on the open file, so that it cannot be
 * exchanged in between.
 * @throws CREDENTIAL_UNAVAILABLE
 */
export async function readSecretFile(path: string): Promise<string> {
  const about = { path };
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw unavailable(`the agent’s credential file cannot be read (${cause.code ?? 'unknown'})`, { about, cause });
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o007) !== 0) {
      throw unavailable('everybody may read or write the agent’s credential file', {
        about,
        hint: 'an administrator must chmod it to 0600, or 0440 for a mounted secret; the agent’s log names it',
      });
    }
    if (size > maxBytes) throw unavailable(`the agent’s credential file is larger than ${maxBytes} bytes`, { about });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
