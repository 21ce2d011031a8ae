/** From SQL and its parameters to an Operation: pure but for a bounded cache. */
import { hash } from 'node:crypto';
import { type Digest, type Facts, type FactValue, immutable, type Operation } from '@sallyport/core';
import type { CatalogueSnapshot } from '@sallyport/engine';
import { hideSecrets } from '@sallyport/masking';
import {
  type Catalogue,
  createDescriber,
  decodeCatalogue,
  factsOf,
  isPure,
  likenessOf,
  type MaskedFacts,
  noMaskedFacts,
  redactLiterals,
  type SqlDescription,
  type SqlSession,
  shapeOf,
} from '@sallyport/sql';
import { formatAt } from './frontend.js';

/** One statement text, described once for as many executions as it has. */
export interface Described {
  readonly text: string;
  readonly displayText: string;
  readonly description: SqlDescription;
  /** Digest of the snapshot it was described by; empty without one. */
  readonly catalogue: string;
  /** What it was described by: while both are the same values, so is the description. */
  readonly by: { readonly session: SqlSession; readonly snapshot: CatalogueSnapshot | undefined };
}

export interface Parameters {
  readonly formats: readonly number[];
  readonly values: readonly (Buffer | null)[];
}

/** What the record keeps of a statement or a parameter; the digest covers the whole of it. */
const displayLimit = 32 * 1024;
const parameterLimit = 1024;

export interface SqlDescriber {
  describe(text: string, session: SqlSession, snapshot: CatalogueSnapshot | undefined): Described;
  catalogue(snapshot: CatalogueSnapshot | undefined): Catalogue | undefined;
}

/** One for all sessions of a process: descriptions depend on nothing but their arguments. */
export function createSqlDescriber(): SqlDescriber {
  const describer = createDescriber({ maxEntries: 5_000 });
  const catalogues = new Map<Digest, Catalogue>();
  const displays = new WeakMap<SqlDescription, { readonly text: string; readonly display: string }>();

  const catalogue = (snapshot: CatalogueSnapshot | undefined): Catalogue | undefined => {
    if (snapshot === undefined) return undefined;
    const known = catalogues.get(snapshot.digest);
    if (known) return known;
    const decoded = decodeCatalogue(snapshot.bytes);
    if (catalogues.size >= 64) catalogues.delete(catalogues.keys().next().value!);
    catalogues.set(snapshot.digest, decoded);
    return decoded;
  };

  /** Texts of one description differ in the values of their shape only, so that of the second on only those are looked at. */
  const display = (text: string, description: SqlDescription): string => {
    const known = displays.get(description);
    if (known?.text === text) return known.display;
    const isLike = known !== undefined && known.display === known.text && holdsNoSecret(text);
    const made = isLike ? text : shorten(redactLiterals(text, hideSecrets), displayLimit);
    displays.set(description, { text, display: made });
    return made;
  };

  return {
    catalogue,
    describe: (text, session, snapshot) => {
      const description = describer.describe(text, session, catalogue(snapshot));
      return {
        text,
        description,
        catalogue: snapshot?.digest ?? '',
        by: { session, snapshot },
        get displayText() {
          return display(text, description); // the record's matter: an agent never asks
        },
      };
    },
  };
}

const holdsNoSecret = (text: string): boolean => {
  const values = shapeOf(text)?.values;
  return values?.every((value) => hideSecrets(value) === undefined) === true && hideSecrets(text) === undefined;
};

export interface OperationOf {
  readonly described: Described;
  readonly parameters?: Parameters;
  readonly database: string;
  /** What it does with masked columns; the same value for the same description and rules. */
  readonly masked?: MaskedFacts;
  /** It writes what looks like a hidden value. */
  readonly writesMask?: boolean;
  readonly provisional?: boolean;
}

/** @returns the operation of running this statement with these parameters */
export function operationOf(options: OperationOf): Operation {
  const { described, parameters, database, masked = noMaskedFacts, writesMask = false, provisional = false } = options;
  const { description, displayText } = described;
  const truncated = displayText.length > displayLimit;
  return {
    action: 'sql.execute',
    risk: description.risk,
    text: displayText,
    ...(parameters === undefined
      ? {}
      : {
          parameters: parameters.values.map((value, index) =>
            displayParameter(value, formatAt(parameters.formats, index)),
          ),
        }),
    facts: factsIn({ description, database, masked, truncated, writesMask, provisional }),
    resources: immutable(description.relations),
    digest: digestOf(described.text, parameters),
    likeness: () => digestOf(likenessOf(described.text), parameters),
    pure: !provisional && isPure(description),
    ...(provisional ? { provisional } : {}),
  };
}

interface FactsOf {
  readonly description: SqlDescription;
  readonly database: string;
  readonly masked: MaskedFacts;
  readonly truncated: boolean;
  readonly writesMask: boolean;
  readonly provisional: boolean;
}

const knownFacts = new WeakMap<SqlDescription, WeakMap<MaskedFacts, Map<string, Facts>>>();

/** The same value for the same statement, so that policy and record derive what they need of it once. */
function factsIn({ description, database, masked, truncated, writesMask, provisional }: FactsOf): Facts {
  const byMasks = knownFacts.get(description) ?? new WeakMap<MaskedFacts, Map<string, Facts>>();
  knownFacts.set(description, byMasks);
  const known = byMasks.get(masked) ?? new Map<string, Facts>();
  byMasks.set(masked, known);
  const key = `${truncated} ${writesMask} ${provisional} ${database}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const facts = factsOf(description, masked) as Record<string, FactValue>;
  const flags = [
    ...(facts['flags'] as string[]),
    ...(truncated ? ['truncated'] : []),
    ...(writesMask ? ['mask-written'] : []),
    ...(provisional ? ['provisional'] : []),
  ];
  const made = immutable({ ...facts, database, flags });
  known.set(key, made);
  return made;
}

const digestLabel = Buffer.from('sallyport/postgres/1\0', 'latin1');

/** SHA-256 over length-prefixed parts, so that no two different requests share their canonical bytes. */
function digestOf(text: string, parameters: Parameters | undefined): Digest {
  const parts: Buffer[] = [digestLabel];
  const part = (bytes: Buffer | null) => {
    const size = Buffer.alloc(5);
    size.writeUInt8(bytes === null ? 0 : 1);
    size.writeUInt32BE(bytes?.length ?? 0, 1);
    parts.push(size);
    if (bytes !== null) parts.push(bytes);
  };
  part(Buffer.from(text, 'utf8'));
  parameters?.values.forEach((value, index) => {
    parts.push(Buffer.from([formatAt(parameters.formats, index)]));
    part(value);
  });
  return hash('sha256', Buffer.concat(parts), 'hex') as Digest;
}

function displayParameter(value: Buffer | null, format: number): string | null {
  if (value === null) return null;
  if (format !== 0) return shorten(`\\x${value.subarray(0, parameterLimit).toString('hex')}`, parameterLimit);
  const text = value.toString('utf8', 0, Math.min(value.length, parameterLimit * 4));
  return shorten(hideSecrets(text) ?? text, parameterLimit);
}

/** Longer than the limit where it was cut: what was cut cannot be approved by a person who has not seen it. */
function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)} … (${text.length - limit} more characters)`;
}
