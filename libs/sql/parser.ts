import { loadModule, parseSync } from 'libpg-query';
import { isTree, listAt, numberAt, type Tree, treeAt } from './tree.js';

/** Above this a statement is not parsed: an IN list of 100,000 values takes a quarter of a second. */
export const defaultMaxTextBytes = 256 * 1024;

/** Loads PostgreSQL's parser (WebAssembly); await it once before anything else of this package. */
export const loadParser = (): Promise<void> => loadModule();

export interface ParsedStatement {
  readonly node: Tree;
  /** This statement's own part of the text. */
  readonly text: string;
}

export type Parsed = { readonly statements: readonly ParsedStatement[] } | { readonly error: string };

const utf8 = new TextDecoder();

const refusalOf = (text: string, maxTextBytes: number): string | undefined => {
  if (text.length > maxTextBytes || Buffer.byteLength(text) > maxTextBytes)
    return `is longer than ${maxTextBytes} bytes`;
  // The parser takes a C string: it would judge what is before the NUL, and nothing behind it.
  if (text.includes('\0')) return 'holds a NUL byte';
  return /\p{Surrogate}/u.test(text) ? 'is not valid Unicode' : undefined;
};

/** Locations count UTF-8 bytes. */
const sliceOf = (bytes: Uint8Array, raw: Tree): string => {
  const start = numberAt(raw, 'stmt_location');
  const length = numberAt(raw, 'stmt_len');
  return utf8.decode(bytes.subarray(start, length === 0 ? undefined : start + length)).trim();
};

/** Parses as the server would. Never throws: what does not parse, for whatever reason, comes back as `error`. */
export const parse = (text: string, maxTextBytes = defaultMaxTextBytes): Parsed => {
  const refusal = refusalOf(text, maxTextBytes);
  if (refusal !== undefined) return { error: `the statement ${refusal}` };
  if (text === '') return { statements: [] };
  try {
    const result: unknown = parseSync(text);
    const bytes = Buffer.from(text);
    const raw = isTree(result as Tree) ? listAt(result as Tree, 'stmts') : [];
    return { statements: raw.map((one) => ({ node: treeAt(one, 'stmt') ?? {}, text: sliceOf(bytes, one) })) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'the parser failed' };
  }
};
