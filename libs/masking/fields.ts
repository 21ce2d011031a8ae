import type { MaskingRule } from '@sallyport/core';
import { type Mask, maskOf, masksFirst } from './columns.js';

type FieldRule = Extract<MaskingRule, { kind: 'field' }>;

/** One name; any one name; any number of names. */
type Part = { readonly name: string } | '*' | '**';

export interface FieldPattern {
  /** In lower case; `undefined` stands for any. */
  readonly service: string | undefined;
  readonly operation: string | undefined;
  readonly path: readonly Part[];
}

/** Where one stands in an answer, as far as rules know it; where no rule can meet below there is none. */
export interface FieldPlace {
  /** What hides all that stands here. */
  readonly mask: Mask | undefined;
  /** The member of that name, or what a map has under that key. The items of a list stand where the list stands. */
  member(name: string): FieldPlace | undefined;
}

const head = /^(\*|[A-Za-z0-9_-]+):(\*|[A-Za-z0-9_-]+):/;
const part = /(\*\*|\*)|"((?:[^"]|"")+)"|([^."*:[\]\s]+)/y;

/**
 * `service:operation:path`: the first two a name or `*`, the path names joined by points, each a name, a quoted name as
 * SQL quotes it, `*` for any one, or `**` for any number of them. `[]` behind a name says that it is a list, for readers:
 * lists take no part of a path. Names are compared without regard to case.
 *
 * @throws RangeError saying what is wrong with it
 */
export const parseFieldPattern = (text: string): FieldPattern => {
  const matched = head.exec(text);
  if (!matched) throw new RangeError(`"${text}" does not begin with service:operation:, each a name or *`);
  const path: Part[] = [];
  for (let position = matched[0].length; ; position += 1) {
    part.lastIndex = position;
    const found = part.exec(text);
    if (!found) throw new RangeError(`"${text}" has no name, quoted name, * or ** at character ${position + 1}`);
    path.push(found[1] ? (found[1] as '*' | '**') : { name: named(found[3] ?? found[2]!.replaceAll('""', '"')) });
    position = part.lastIndex;
    if (text.startsWith('[]', position)) position += 2;
    if (position === text.length) break;
    if (text[position] !== '.')
      throw new RangeError(`"${text}" must be quoted, or have . at character ${position + 1}`);
  }
  if (path.at(-1) === '**') throw new RangeError(`"${text}" ends with **: say which fields, with * for all of them`);
  return { service: anyOr(matched[1]!), operation: anyOr(matched[2]!), path };
};

const named = (name: string): string => name.toLowerCase();
const anyOr = (name: string): string | undefined => (name === '*' ? undefined : named(name));

interface Compiled {
  readonly pattern: FieldPattern;
  readonly mask: Mask;
}

/** A rule that has met the names up to, without, `at` of its path. */
interface Standing {
  readonly rule: Compiled;
  readonly at: number;
}

/** `**` may stand for nothing: what follows it is met as well. */
const settled = (standing: Standing): Standing[] =>
  standing.rule.pattern.path[standing.at] === '**'
    ? [standing, ...settled({ rule: standing.rule, at: standing.at + 1 })]
    : [standing];

const after = ({ rule, at }: Standing, name: string): Standing[] => {
  const next = rule.pattern.path[at];
  if (next === undefined) return [];
  if (next === '**') return settled({ rule, at });
  return next === '*' || next.name === name ? settled({ rule, at: at + 1 }) : [];
};

const mostRemembered = 1_000;

const placeOf = (standings: readonly Standing[]): FieldPlace | undefined => {
  if (standings.length === 0) return undefined;
  const members = new Map<string, FieldPlace | undefined>();
  return {
    // The rules are sorted: the first that has been met is the strictest.
    mask: standings.find(({ rule, at }) => at === rule.pattern.path.length)?.rule.mask,
    member: (name) => {
      if (members.has(name)) return members.get(name);
      const folded = named(name);
      const next = placeOf(distinct(standings.flatMap((standing) => after(standing, folded))));
      if (members.size < mostRemembered) members.set(name, next);
      return next;
    },
  };
};

const distinct = (standings: readonly Standing[]): Standing[] =>
  standings.filter((one, index) => standings.findIndex(({ rule, at }) => rule === one.rule && at === one.at) === index);

/** @throws RangeError for a pattern that does not parse */
export const compileFields = (
  rules: readonly FieldRule[],
  key: Uint8Array,
): ((service: string, operation: string) => FieldPlace | undefined) => {
  const compiled = [...rules]
    .sort((left, right) => (masksFirst(left, right) ? -1 : 1))
    .map((rule) => ({ pattern: parseFieldPattern(rule.field), mask: maskOf(rule, key) }));
  return (service, operation) => {
    const about = compiled.filter(
      ({ pattern }) =>
        (pattern.service === undefined || pattern.service === named(service)) &&
        (pattern.operation === undefined || pattern.operation === named(operation)),
    );
    return placeOf(about.flatMap((rule) => settled({ rule, at: 0 })));
  };
};
