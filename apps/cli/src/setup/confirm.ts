import { createInterface } from 'node:readline';
import { GatewayError } from '@sallyport/core';
import type { World } from '../cli.js';

/** Asks the person at the terminal. @throws INVALID_INPUT where there is none */
export const confirmed = async ({ input, err }: World, question: string): Promise<boolean> => {
  if (!input && !process.stdin.isTTY)
    throw new GatewayError('INVALID_INPUT', 'there is nobody here to ask', {
      hint: 'use --yes, or --dry-run to see what would be written',
    });
  err(`${question} [y/N] `);
  if (input) {
    for await (const chunk of input) return /^y(es)?\s*$/i.test(Buffer.from(chunk).toString());
    return false;
  }
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return /^y(es)?\s*$/i.test(line);
    return false;
  } finally {
    lines.close();
  }
};
