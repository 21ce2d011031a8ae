import type { Refusal } from '@sallyport/core';

/** A refusal in one line: clients print the message only, and look for their own words in it. */
export const wordsOf = ({ code, message, hint }: Refusal): string =>
  `sallyport: ${message}${hint === undefined ? '' : `; ${hint}`} (${code})`;
