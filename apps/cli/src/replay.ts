import { plain, plainLine } from './plain-text.js';
import { cell } from './table.js';

type Facts = Readonly<Record<string, unknown>>;

const isFacts = (value: unknown): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textAt = (facts: Facts, ...names: readonly string[]): string | undefined => {
  for (const name of names) if (typeof facts[name] === 'string') return facts[name];
  return undefined;
};
const factsAt = (facts: Facts, name: string): Facts => (isFacts(facts[name]) ? facts[name] : {});

const indented = (text: string): string =>
  plain(text.trimEnd())
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('');

const decisionLine = (step: Facts): string | undefined => {
  const decision = factsAt(step, 'decision');
  const outcome = textAt(decision, 'outcome') ?? textAt(step, 'decision');
  if (!outcome) return undefined;
  const policies = decision['policies'] ?? step['policies'];
  const message =
    textAt(factsAt(decision, 'refusal'), 'message') ?? textAt(decision, 'message') ?? textAt(step, 'message');
  return `  ${plainLine(outcome)}${Array.isArray(policies) && policies.length ? ` by ${cell(policies)}` : ''}${message ? `: ${plainLine(message)}` : ''}`;
};

const outcomeFacts: readonly (readonly [string, string])[] = [
  ['code', 'code'],
  ['rows', 'rows'],
  ['bytes', 'bytes'],
  ['masked_fields', 'masked'],
  ['maskedFields', 'masked'],
  ['duration_ms', 'ms'],
  ['durationMs', 'ms'],
];

const outcomeLine = (step: Facts): string | undefined => {
  const outcome = factsAt(step, 'outcome');
  const status = textAt(outcome, 'status') ?? textAt(step, 'status');
  if (!status) return undefined;
  const rest = outcomeFacts.flatMap(([name, word]) =>
    outcome[name] === undefined || outcome[name] === null ? [] : [`${word} ${cell(outcome[name])}`],
  );
  return `  ${plainLine(status)}${rest.length ? ` (${rest.join(', ')})` : ''}`;
};

const reviewLine = (step: Facts): string | undefined => {
  const review = factsAt(step, 'review');
  if (Object.keys(review).length === 0) return undefined;
  const votes = Array.isArray(review['votes']) ? review['votes'].filter(isFacts) : [];
  const said = votes.map(
    (vote) =>
      `${cell(vote['verdict'])} by ${cell(isFacts(vote['by']) ? vote['by']['name'] : vote['by'])}: ${cell(vote['reason'])}`,
  );
  return `  review ${cell(review['state'])}${said.length ? ` (${said.join('; ')})` : ''}`;
};

const step = (facts: Facts): string => {
  const at = textAt(facts, 'at', 'started_at', 'created_at');
  const title = textAt(facts, 'event', 'action', 'kind') ?? 'operation';
  const statement = textAt(facts, 'text', 'statement', 'preview');
  const response = textAt(facts, 'response', 'response_text', 'output');
  const lines = [decisionLine(facts), reviewLine(facts), outcomeLine(facts)].filter((line) => line !== undefined);
  return `${at ? `${plainLine(at)}  ` : ''}${plainLine(title)}\n${statement ? indented(statement) : ''}${lines.map((line) => `${line}\n`).join('')}${response ? indented(response) : ''}`;
};

const stepsOf = (replay: unknown): readonly Facts[] => {
  if (Array.isArray(replay)) return replay.filter(isFacts);
  if (!isFacts(replay)) return [];
  for (const name of ['items', 'events', 'operations', 'steps'])
    if (Array.isArray(replay[name])) return replay[name].filter(isFacts);
  return [replay];
};

/** A recorded session for people: each operation with its statement, decision, reviews, outcome and recorded answer. */
export const replayText = (replay: unknown): string => stepsOf(replay).map(step).join('\n') || 'nothing was asked\n';
