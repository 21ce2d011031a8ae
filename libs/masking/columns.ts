import type { MaskingAction, MaskingRule } from '@sallyport/core';
import { hashed, isStricter, partially, redacted } from './actions.js';

type ColumnRule = Extract<MaskingRule, { kind: 'column' }>;

/** How one column or field is hidden. */
export interface Mask {
  /** Id of the rule that decided: of several the strictest, of equally strict ones the first by id. */
  readonly rule: string;
  readonly action: MaskingAction;
  /** @param value the value as text; SQL NULL is not passed and stays NULL */
  readonly apply: (value: string) => string | null;
}

export type ColumnMask = Mask;

/** `undefined` stands for any name. */
export type ColumnPattern = readonly [string | undefined, string | undefined, string | undefined];

const part = /(\*)|"((?:[^"]|"")+)"|([^."*\s]+)/y;

/**
 * `schema.table.column`: each part a name as the catalogue spells it, a quoted name as SQL quotes it, or `*` for any.
 *
 * @throws RangeError saying what is wrong with it
 */
export const parseColumnPattern = (text: string): ColumnPattern => {
  const parts: (string | undefined)[] = [];
  for (let position = 0; ; position += 1) {
    part.lastIndex = position;
    const match = part.exec(text);
    if (!match) throw new RangeError(`"${text}" has no name, quoted name or * at character ${position + 1}`);
    parts.push(match[1] ? undefined : (match[3] ?? match[2]!.replaceAll('""', '"')));
    position = part.lastIndex;
    if (position === text.length) break;
    if (text[position] !== '.')
      throw new RangeError(`"${text}" must be quoted, or have . at character ${position + 1}`);
  }
  const [schema, table, column, ...more] = parts;
  if (parts.length !== 3 || more.length > 0)
    throw new RangeError(`"${text}" has ${parts.length} of the parts schema.table.column`);
  return [schema, table, column];
};

const matches = (pattern: ColumnPattern, names: readonly string[]): boolean =>
  pattern.every((part, index) => part === undefined || part === names[index]);

type Hiding = Pick<MaskingRule, 'id' | 'action'>;

export const maskOf = ({ id, action }: Hiding, key: Uint8Array): Mask => {
  const apply: Record<MaskingAction, (value: string) => string | null> = {
    null: () => null,
    redact: () => redacted(),
    partial: partially,
    hash: (value) => hashed(key, value),
  };
  return { rule: id, action, apply: apply[action] };
};

/** The stricter of two rules about the same, of equally strict ones the first by id. */
export const masksFirst = (left: Hiding, right: Hiding): boolean =>
  left.action === right.action ? left.id < right.id : isStricter(left.action, right.action);

const mostRemembered = 10_000;

/** @throws RangeError for a pattern that does not parse */
export const compileColumns = (
  rules: readonly ColumnRule[],
  key: Uint8Array,
): ((schema: string, table: string, column: string) => ColumnMask | undefined) => {
  const compiled = rules.map((rule) => ({ rule, pattern: parseColumnPattern(rule.column), mask: maskOf(rule, key) }));
  compiled.sort((left, right) => (masksFirst(left.rule, right.rule) ? -1 : 1));
  const remembered = new Map<string, ColumnMask | undefined>();

  return (...names) => {
    const name = names.join('\0'); // a character that no name holds
    if (remembered.has(name)) return remembered.get(name);
    const mask = compiled.find(({ pattern }) => matches(pattern, names))?.mask;
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(name, mask);
    return mask;
  };
};
