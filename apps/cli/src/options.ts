import { readFileSync } from 'node:fs';
import { GatewayError } from '@sallyport/core';
import { InvalidArgumentError } from 'commander';

/** For an option that may be given several times. */
export const listOf = (value: string, earlier: string[] = []): string[] => [...earlier, value];

export const integer = (value: string): number => {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a whole number is wanted');
};

/** Of tokens or money: a number that is not negative. */
export const amount = (value: string): number => {
  if (/^\d{1,15}(\.\d{1,6})?$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a number is wanted, as 20 or 0.25');
};

/** A path of the API with one more part, whatever characters the part has. */
export const pathOf = (path: string, ...parts: readonly (string | undefined)[]): string =>
  [path, ...parts.map((part) => encodeURIComponent(part ?? ''))].join('/');

/** The facts that are there: what is left out of a request stays as it is. */
export const without = (facts: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));

/** @param file a path, or `-` for standard input */
export const textOf = (file: string): string => {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `"${file}" cannot be read`, {
      cause,
      hint: 'name a file, or - for standard input',
    });
  }
};
