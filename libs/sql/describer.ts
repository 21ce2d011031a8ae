import type { Digest } from '@sallyport/core';
import type { Catalogue } from './catalogue.js';
import { describe } from './describe.js';
import type { SqlDescription, SqlSession } from './description.js';
import { catalogueDigest, encodeCatalogue } from './encode-catalogue.js';
import { defaultMaxTextBytes } from './parser.js';

export interface DescriberOptions {
  /** How many descriptions are kept; the one not used for longest goes first. */
  readonly maxEntries: number;
  readonly maxTextBytes?: number;
  /** Longer texts are described each time. */
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

/** Session facts that a description depends on; most sessions have none of them. */
const factsKey = ({ prepared, cursors, temporary, searchPathCertain, catalogueStale = false }: SqlSession): string => {
  const flags = `${searchPathCertain} ${catalogueStale}`;
  if (prepared.size === 0 && !cursors?.size && !temporary) return flags;
  const temporaries = temporary === 'any' ? temporary : [...(temporary ?? [])].sort();
  return JSON.stringify([flags, sorted(prepared), sorted(cursors), temporaries]);
};

/** A describer that remembers, by text, catalogue digest and session facts. Bounded. */
export const createDescriber = (options: DescriberOptions): Describer => {
  const { maxEntries, maxTextBytes = defaultMaxTextBytes, maxCachedTextBytes = 16 * 1024 } = options;
  const kept = new Map<string, SqlDescription>();
  const keep = (key: string, description: SqlDescription): void => {
    kept.set(key, description);
    if (kept.size > maxEntries) for (const oldest of kept.keys()) return void kept.delete(oldest);
  };
  return {
    get size() {
      return kept.size;
    },
    describe: (text, session, catalogue) => {
      const facts = factsKey(session);
      if (text.length + facts.length > maxCachedTextBytes) return describe(text, session, catalogue, maxTextBytes);
      const key = `${digestOf(catalogue)}\n${facts}\n${text}`;
      const known = kept.get(key);
      kept.delete(key);
      const description = known ?? describe(text, session, catalogue, maxTextBytes);
      keep(key, description);
      return description;
    },
  };
};
