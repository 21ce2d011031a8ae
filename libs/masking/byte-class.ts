/** Stands for a byte where there is none. Not -1: a table that is looked up below its beginning is slow. */
export const NONE = 256;

/** A set of bytes as a table: 1 where the byte is in it. Looked up with NONE it says no. */
export type ByteClass = Uint8Array;

/** @param pattern a regular expression for one latin1 character, asked once for each of the 256 bytes */
export const classOf = (pattern: RegExp): ByteClass =>
  Uint8Array.from({ length: NONE + 1 }, (_, byte) => (byte < NONE && pattern.test(String.fromCharCode(byte)) ? 1 : 0));

export const digit = classOf(/[0-9]/);
export const letter = classOf(/[A-Za-z]/);
export const upper = classOf(/[A-Z]/);
export const lower = classOf(/[a-z]/);
export const alphanumeric = classOf(/[A-Za-z0-9]/);
export const hexadecimal = classOf(/[0-9A-Fa-f]/);
export const base64 = classOf(/[A-Za-z0-9+/=]/);
export const base64url = classOf(/[A-Za-z0-9_-]/);
export const dottedToken = classOf(/[A-Za-z0-9_.-]/);
export const blank = classOf(/[ \t]/);

/** The code of an ASCII character, for comparisons with bytes. */
export const code = (character: string): number => character.charCodeAt(0);
