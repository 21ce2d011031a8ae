/** What is wrong, or looks wrong, with a policy text. A text with an `error` cannot be loaded. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  /** The `@id` of the policy, where it has one. */
  readonly policy?: string;
  readonly message: string;
  readonly hint?: string;
  /** From 1, in the text that was given. */
  readonly line?: number;
}

/** @returns the number, from 1, of the line in which this byte of the text's UTF-8 form stands */
export function lineOfByte(text: string, byte: number): number {
  return lineOf(text, Buffer.from(text).subarray(0, byte).toString().length);
}

/** @returns the number, from 1, of the line in which this UTF-16 unit of the text stands */
export function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
