/** Reads members of JSON whose shape nobody vouches for. */
import { GatewayError } from '@sallyport/core';

export type Members = Readonly<Record<string, unknown>>;

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Own members only: a name such as `constructor` is no member of every object. */
export const memberOf = (value: unknown, name: string): unknown =>
  isMembers(value) && Object.hasOwn(value, name) ? value[name] : undefined;

export const textOf = (value: unknown, name: string): string | undefined => {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
};

/** A whole number that is not negative. */
export const countOf = (value: unknown, name: string): number | undefined => {
  const member = memberOf(value, name);
  return typeof member === 'number' && Number.isSafeInteger(member) && member >= 0 ? member : undefined;
};

export const listOf = (value: unknown, name: string): readonly unknown[] => {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member : [];
};

/** Absent, and null, which these APIs take for absent. */
export const isAbsent = (value: unknown): boolean => value === undefined || value === null;

export const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);
