import { createHash } from 'node:crypto';
import {
  type Digest,
  GatewayError,
  type MaskingAction,
  type MaskingPlan,
  type MaskingRule,
  maskingActions,
} from '@sallyport/core';
import { isStricter } from './actions.js';
import { parseColumnPattern } from './columns.js';
import { detectorGroups, detectorNames, detectorsNamed } from './detectors.js';
import { parseFieldPattern } from './fields.js';

const mostRules = 10_000;
const longestText = 512;

/** What a rule is about: rules of the same subject differ in action only. */
const subjectOf = (rule: MaskingRule): string =>
  rule.kind === 'column' ? rule.column : rule.kind === 'field' ? rule.field : rule.detector;
const canonical = (rule: MaskingRule): string => JSON.stringify([rule.kind, subjectOf(rule), rule.action, rule.id]);
const bySubject = (rule: MaskingRule): string => {
  const subject =
    rule.kind === 'column'
      ? JSON.stringify(parseColumnPatternOr(rule.column))
      : rule.kind === 'field'
        ? JSON.stringify(parseFieldPatternOr(rule.field))
        : rule.detector;
  return `${rule.kind} ${subject}`;
};

/** `app.t.c` and `"app".t.c` are the same subject; one that does not parse is a subject of its own. */
const parseColumnPatternOr = (text: string): unknown => {
  try {
    return parseColumnPattern(text).map((part) => part ?? ['*']);
  } catch {
    return text;
  }
};

const parseFieldPatternOr = (text: string): unknown => {
  try {
    return parseFieldPattern(text);
  } catch {
    return text;
  }
};

const plainRule = (rule: MaskingRule): MaskingRule => {
  const { id, action } = rule;
  if (rule.kind === 'column') return { id, kind: 'column', column: rule.column, action };
  if (rule.kind === 'field') return { id, kind: 'field', field: rule.field, action };
  return { id, kind: 'detector', detector: rule.detector, action };
};

const byCanonical = (left: MaskingRule, right: MaskingRule): number =>
  canonical(left) < canonical(right) ? -1 : canonical(left) > canonical(right) ? 1 : 0;

/** The plan of these rules: sorted, each once, so that its digest does not depend on the order they came in. */
export const planOf = (rules: readonly MaskingRule[]): MaskingPlan => {
  const once = new Map(rules.map((rule) => [canonical(rule), plainRule(rule)]));
  const sorted = [...once.values()].sort(byCanonical);
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted.map(canonical)))
    .digest('hex') as Digest;
  return { rules: sorted, digest };
};

/**
 * Both lists together. Where they are about the same columns or detector the stricter action stays (null, then redact,
 * hash, partial), so that neither can loosen the other; of equal ones that of the minimum.
 */
export const strictest = (minimum: readonly MaskingRule[], plan: readonly MaskingRule[]): MaskingRule[] => {
  const kept = new Map<string, MaskingRule>();
  for (const rule of [...minimum, ...plan]) {
    const subject = bySubject(rule);
    const other = kept.get(subject);
    if (!other || isStricter(rule.action, other.action)) kept.set(subject, rule);
  }
  return [...kept.values()].sort(byCanonical);
};

/** Why a rule would not compile, in words, or undefined. */
export const mistakeIn = (rule: MaskingRule): string | undefined => {
  if (!maskingActions.includes(rule.action)) return `has no action "${String(rule.action)}"`;
  if (rule.kind === 'column') return patternMistake('column', rule.column);
  if (rule.kind === 'field') return patternMistake('field', rule.field);
  if (rule.kind === 'detector')
    return detectorsNamed(rule.detector).length > 0 ? undefined : `names no detector "${rule.detector}"`;
  return 'is of none of the kinds "column", "detector" and "field"';
};

const patternParsers = { column: parseColumnPattern, field: parseFieldPattern };

const patternMistake = (kind: 'column' | 'field', pattern: string): string | undefined => {
  try {
    patternParsers[kind](pattern);
    return undefined;
  } catch (error) {
    return `${kind} ${error instanceof Error ? error.message : String(error)}`;
  }
};

const isRecord = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

const isAction = (input: unknown): input is MaskingAction => maskingActions.some((action) => action === input);

const quoted = (input: unknown): string => (JSON.stringify(input) ?? typeof input).slice(0, 80);

/** A text of this field, or the mistake in it. */
const textMistake = (field: string, input: unknown): string | undefined => {
  if (input === undefined) return `${field} is missing`;
  if (typeof input !== 'string' || input === '') return `${field} must be a text, not ${quoted(input)}`;
  return input.length > longestText ? `${field} is longer than ${longestText} characters` : undefined;
};

const mistakesOf = (input: Record<string, unknown>): string[] => {
  const { kind } = input;
  if (kind !== 'column' && kind !== 'detector' && kind !== 'field')
    return [`kind must be "column", "detector" or "field", not ${quoted(kind)}`];
  const unknown = Object.keys(input).filter((field) => !['id', 'kind', 'action', kind].includes(field));
  const action = isAction(input['action'])
    ? undefined
    : `action must be one of ${maskingActions.join(', ')}, not ${quoted(input['action'])}`;
  return [
    textMistake('id', input['id']),
    action,
    textMistake(kind, input[kind]) ?? subjectMistake(kind, String(input[kind])),
    ...unknown.map((field) => `${quoted(field)} is no field of a ${kind} rule`),
  ].filter((mistake) => mistake !== undefined);
};

const subjectMistake = (kind: MaskingRule['kind'], subject: string): string | undefined => {
  if (kind !== 'detector') return patternMistake(kind, subject);
  if (detectorsNamed(subject).length > 0) return undefined;
  return `detector ${quoted(subject)} does not exist`;
};

const ruleMistakes = (input: unknown, index: number): string[] => {
  const place = `rule ${index + 1}`;
  if (!isRecord(input)) return [`${place}: must be an object, not ${quoted(input)}`];
  const id = typeof input['id'] === 'string' && input['id'] !== '' ? ` (${quoted(input['id'])})` : '';
  return mistakesOf(input).map((mistake) => `${place}${id}: ${mistake}`);
};

const repeated = (rules: readonly unknown[]): string[] => {
  const seen = new Set<unknown>();
  return rules.flatMap((rule, index) => {
    const id = isRecord(rule) ? rule['id'] : undefined;
    if (typeof id !== 'string' || !seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [`rule ${index + 1}: id ${quoted(id)} is used twice`];
  });
};

const invalid = (mistakes: readonly string[]): GatewayError =>
  new GatewayError('INVALID_INPUT', `masking rules: ${mistakes.slice(0, 5).join('; ')}`, {
    hint: `a detector is one of ${[...detectorGroups, ...detectorNames].join(', ')}`,
    details: { mistakes },
  });

/** @throws GatewayError INVALID_INPUT that names every mistake, in words and in `details.mistakes` */
export const parseRules = (input: unknown): MaskingRule[] => {
  if (!Array.isArray(input)) throw invalid([`must be a list, not ${quoted(input)}`]);
  if (input.length > mostRules) throw invalid([`${input.length} are more than ${mostRules}`]);
  const rules: readonly unknown[] = input;
  const mistakes = [...rules.flatMap(ruleMistakes), ...repeated(rules)];
  if (mistakes.length > 0) throw invalid(mistakes);
  return (rules as MaskingRule[]).map(plainRule);
};
