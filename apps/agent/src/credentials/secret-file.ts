import { open } from 'node:fs/promises';
import { GatewayError } from '@sallyport/core';

const maxBytes = 64 * 1024;

/**
 * Reads a small file that nobody but its owner and group may read. Checked on the open file, so that it cannot be
 * exchanged in between.
 * @throws CREDENTIAL_UNAVAILABLE
 */
export async function readSecretFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new GatewayError(
      'CREDENTIAL_UNAVAILABLE',
      `the credential file "${path}" cannot be read (${cause.code ?? 'unknown'})`,
      { cause },
    );
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o007) !== 0) {
      throw new GatewayError('CREDENTIAL_UNAVAILABLE', `everybody may read or write the credential file "${path}"`, {
        hint: 'chmod 0600, or 0440 for a mounted secret',
      });
    }
    if (size > maxBytes)
      throw new GatewayError(
        'CREDENTIAL_UNAVAILABLE',
        `the credential file "${path}" is larger than ${maxBytes} bytes`,
      );
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
