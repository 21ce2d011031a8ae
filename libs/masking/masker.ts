import { GatewayError, type MaskingRule } from '@sallyport/core';
import { isStricter, redacted } from './actions.js';
import { Anchors } from './anchors.js';
import { type ColumnMask, compileColumns } from './columns.js';
import type { Detector } from './detector.js';
import { detectors, detectorsNamed } from './detectors.js';
import { compileFields, type FieldPlace } from './fields.js';
import { jsonQuoting, looksLikeJson } from './json.js';
import { mistakeIn } from './rules.js';
import {
  type Finder,
  finderOf,
  passStream,
  type ScanResult,
  type StreamScanner,
  scanStream,
  scanString,
  scanWhole,
  type TextResult,
} from './scanner.js';
import { secretsRule } from './secrets-rule.js';
import type { StandIn, Treatment } from './weaver.js';

/** Masking rules made ready to run. Holds no state of a session: one masker may serve many. */
export interface Masker {
  readonly hasColumnRules: boolean;
  /** Names of the detectors in force. */
  readonly detectorNames: readonly string[];
  /** Names as the catalogue spells them. */
  column(schema: string, table: string, column: string): ColumnMask | undefined;
  /** Rules by field path for the answers of one operation; undefined where there is none. */
  fields(service: string, operation: string): FieldPlace | undefined;
  /** For many values, UTF-8 or ASCII text, each whole, among the same bytes: nothing is copied or made where nothing is found. */
  finder(bytes: Uint8Array): Finder;
  /** One whole value, UTF-8 or ASCII text. @returns undefined where nothing is found, which is the fast path */
  scan(bytes: Uint8Array): ScanResult | undefined;
  /** As `scan`; what replaces a number of a JSON document is a JSON string, so that the document stays valid. */
  scanJson(bytes: Uint8Array): ScanResult | undefined;
  /** Texts that cannot be NULL: errors, notices, notifications. */
  scanText(text: string): TextResult | undefined;
  /** For texts that come back and are masked again, as those of a conversation with a model. */
  forConversation(standIn: StandIn): ConversationMasker;
  /** The same rules, for texts that went through `forConversation` already: nothing is found in its placeholders. */
  besidePlaceholders(): Masker;
  /** With `sameLength` what stands for a value is as long as the value: positions and lengths stay what they were. */
  stream(form?: { readonly sameLength?: boolean }): StreamScanner;
}

/**
 * All secrets, whatever the rules say, and what the rules name; every value becomes what the caller says, in the form of
 * `placeholderOf`. What has that form already is left as it is.
 */
export interface ConversationMasker {
  /** As `Masker.finder`; never null. */
  finder(bytes: Uint8Array): Finder;
  stream(): StreamScanner;
}

export interface MaskingOptions {
  /** For `hash`: at least 16 random bytes, the installation's own. */
  readonly key: Uint8Array;
}

type DetectorRule = Extract<MaskingRule, { kind: 'detector' }>;

const leastKey = 16;

const unavailable = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('MASKING_UNAVAILABLE', message, {
    cause,
    hint: 'ask an administrator to correct the masking rules; nothing is let through until then',
  });

const check = (rules: readonly MaskingRule[], key: Uint8Array): void => {
  for (const rule of rules) {
    const mistake = mistakeIn(rule);
    if (mistake !== undefined) throw unavailable(`masking rule "${rule.id}" does not compile: ${mistake}`);
  }
  if (key.length < leastKey && rules.some(({ action }) => action === 'hash'))
    throw unavailable(`masking by hash needs a key of ${leastKey} bytes or more`);
};

const ruleFor = (detector: Detector, rules: readonly DetectorRule[]): DetectorRule | undefined => {
  const about = rules.filter((rule) => detectorsNamed(rule.detector).includes(detector));
  return about.reduce<DetectorRule | undefined>((best, rule) => {
    if (!best) return rule;
    if (best.action === rule.action) return rule.id < best.id ? rule : best;
    return isStricter(rule.action, best.action) ? rule : best;
  }, undefined);
};

const mostTables = 16;
const tables = new Map<string, Anchors>();

/** The tables depend on the set of detectors only; sessions with the same set share them. */
const anchorsFor = (active: readonly Detector[], placeholders = false): Anchors => {
  const name = [placeholders, ...active.map((detector) => detector.name)].join();
  const made = tables.get(name) ?? new Anchors(active, placeholders);
  tables.delete(name);
  tables.set(name, made);
  if (tables.size > mostTables) tables.delete(tables.keys().next().value!);
  return made;
};

interface InForce {
  readonly detector: Detector;
  readonly rule: DetectorRule;
}

const inForce = (ruleOf: (detector: Detector) => DetectorRule | undefined): InForce[] =>
  detectors.flatMap((detector) => {
    const rule = ruleOf(detector);
    return rule ? [{ detector, rule }] : [];
  });

/** A secret never leaves, whatever the rules say. */
const always = (detector: Detector): DetectorRule | undefined =>
  detector.class === 'secrets' ? secretsRule : undefined;

const treatmentOf = ({ detector, rule }: InForce): Treatment => ({
  label: detector.name,
  action: rule.action,
  rule: rule.id,
  redacted: Buffer.from(redacted(detector.name)),
  rules: [rule.id],
});

interface ConversationTables {
  readonly tables: Anchors;
  readonly treatments: readonly Treatment[];
}

const conversationTables = (rules: readonly DetectorRule[]): ConversationTables => {
  const all = inForce((detector) => ruleFor(detector, rules) ?? always(detector));
  return {
    tables: anchorsFor(
      all.map(({ detector }) => detector),
      true,
    ),
    treatments: all.map(treatmentOf),
  };
};

/** @throws GatewayError MASKING_UNAVAILABLE when a rule does not compile; there is no masker without all its rules */
export const compileMasking = (rules: readonly MaskingRule[], { key }: MaskingOptions): Masker => {
  check(rules, key);
  const columnRules = rules.filter((rule) => rule.kind === 'column');
  const detectorRules = rules.filter((rule) => rule.kind === 'detector');
  const found = inForce((detector) => ruleFor(detector, detectorRules));
  const treatments = found.map(treatmentOf);
  const options = { treatments, key: Uint8Array.from(key) };
  const active = found.map(({ detector }) => detector);
  let ofConversations: ConversationTables | undefined;

  const maskerWith = (anchors: Anchors): Masker => ({
    hasColumnRules: columnRules.length > 0,
    detectorNames: treatments.map(({ label }) => label),
    column: compileColumns(columnRules, options.key),
    fields: compileFields(
      rules.filter((rule) => rule.kind === 'field'),
      options.key,
    ),
    finder: (bytes) => finderOf(anchors, bytes, options),
    scan: (bytes) => scanWhole(anchors, bytes, options),
    scanJson: (bytes) =>
      scanWhole(anchors, bytes, looksLikeJson(bytes) ? { ...options, wrap: jsonQuoting() } : options),
    scanText: (text) => scanString(anchors, text, options),
    forConversation: (standIn) => {
      const { tables, treatments: all } = (ofConversations ??= conversationTables(detectorRules));
      const woven = { ...options, treatments: all, standIn };
      return {
        finder: (bytes) => finderOf(tables, bytes, woven),
        stream: () => scanStream(tables, woven),
      };
    },
    besidePlaceholders: () => maskerWith(anchorsFor(active, true)),
    stream: ({ sameLength = false } = {}) =>
      treatments.length === 0 ? passStream() : scanStream(anchors, { ...options, sameLength }),
  });
  return maskerWith(anchorsFor(active));
};
