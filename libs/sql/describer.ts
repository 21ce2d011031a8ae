import type { Digest } from '@sallyport/core';
import type { Catalogue } from './catalogue.js';
import { describe } from './describe.js';
import type { SqlDescription, SqlSession } from './description.js';
import { catalogueDigest, encodeCatalogue } from './encode-catalogue.js';
import { defaultMaxTextBytes } from './parser.js';
import { shapeOf } from './shape.js';

export interface DescriberOptions {
  /** How many descriptions are kept; the one not used for longest goes first. */
  readonly maxEntries: number;
  readonly maxTextBytes?: number;
  /** Of longer texts only the last few are kept. */
  readonly maxCachedTextBytes?: number;
}

export interface Describer {
  describe(text: string, session: SqlSession, catalogue: Catalogue | undefined): SqlDescription;
  /** Entries kept now. */
  readonly size: number;
}

const digests = new WeakMap<Catalogue, Digest>();

const digestOf = (catalogue: Catalogue | undefined): string => {
  if (!catalogue) return '';
  const known = digests.get(catalogue);
  if (known !== undefined) return known;
  const digest = catalogueDigest(encodeCatalogue(catalogue));
  digests.set(catalogue, digest);
  return digest;
};

const sorted = (names: ReadonlyMap<string, string> | undefined): readonly (readonly [string, string])[] =>
  [...(names ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));

/** Only these statements look up what the session has prepared or declared; their keywords cannot be spelled otherwise. */
const namesOthers = /execute|fetch|move/i;

/** Session facts that a description depends on; most sessions have none of them. */
const factsKey = (text: string, session: SqlSession): string => {
  const { prepared, cursors, temporary, searchPathCertain, catalogueStale = false } = session;
  const flags = `${searchPathCertain} ${catalogueStale}`;
  const recalls = (prepared.size > 0 || (cursors?.size ?? 0) > 0) && namesOthers.test(text);
  if (!recalls && (temporary === undefined || (temporary !== 'any' && temporary.size === 0))) return flags;
  const temporaries = temporary === 'any' ? temporary : [...(temporary ?? [])].sort();
  return JSON.stringify([flags, recalls ? [sorted(prepared), sorted(cursors)] : [], temporaries]);
};

const mostLong = 4;

/**
 * A describer that remembers, by text (of a plain SELECT: by its shape), catalogue digest and session facts. Bounded. What
 * it returns may have been made of another text of the same shape: `statements[].text` is that one's.
 */
export const createDescriber = (options: DescriberOptions): Describer => {
  const { maxEntries, maxTextBytes = defaultMaxTextBytes, maxCachedTextBytes = 16 * 1024 } = options;
  const kept = new Map<string, SqlDescription>();
  const long = new Map<string, SqlDescription>();
  const keep = (entries: Map<string, SqlDescription>, key: string, description: SqlDescription): void => {
    entries.set(key, description);
    const limit = entries === long ? mostLong : maxEntries;
    if (entries.size > limit) for (const oldest of entries.keys()) return void entries.delete(oldest);
  };
  return {
    get size() {
      return kept.size;
    },
    describe: (text, session, catalogue) => {
      const facts = factsKey(text, session);
      // A long text is described again and again in quick succession, then never more.
      const isLong = text.length + facts.length > maxCachedTextBytes;
      const key = `${digestOf(catalogue)}\n${facts}\n${shapeOf(text)?.key ?? text}`;
      const entries = isLong ? long : kept;
      const known = entries.get(key);
      entries.delete(key);
      const description = known ?? describe(text, session, catalogue, maxTextBytes);
      keep(entries, key, description);
      return description;
    },
  };
};
