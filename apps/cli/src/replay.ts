import { plain, plainLine } from './plain-text.js';
import { cell } from './table.js';

type Facts = Readonly<Record<string, unknown>>;
type Line = string | undefined;

const isFacts = (value: unknown): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const factsAt = (facts: Facts, name: string): Facts => (isFacts(facts[name]) ? facts[name] : {});
const listAt = (facts: Facts, name: string): readonly Facts[] =>
  Array.isArray(facts[name]) ? facts[name].filter(isFacts) : [];
const textAt = (facts: Facts, ...names: readonly string[]): Line =>
  names.map((name) => facts[name]).find((value) => typeof value === 'string');

const indented = (text: string): string =>
  plain(text.trimEnd())
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('');

const whoLine = (step: Facts): Line => {
  const name = textAt(factsAt(step, 'identity'), 'name');
  if (!name) return undefined;
  const client = factsAt(step, 'client');
  const connection = factsAt(step, 'connection');
  return `${plainLine(name)}${textAt(client, 'name') ? ` with ${cell(client['name'])}` : ''}${textAt(connection, 'name') ? ` to ${cell(connection['name'])}` : ''}${textAt(step, 'database') ? `, database ${cell(step['database'])}` : ''}`;
};

const decisionLine = (step: Facts): Line => {
  const decision = factsAt(step, 'decision');
  const outcome = textAt(decision, 'outcome') ?? textAt(step, 'decision');
  if (!outcome) return undefined;
  const policies = decision['policies'] ?? step['policies'];
  const message =
    textAt(factsAt(decision, 'refusal'), 'message') ?? textAt(decision, 'message') ?? textAt(step, 'message');
  return `${plainLine(outcome)}${Array.isArray(policies) && policies.length ? ` by ${cell(policies)}` : ''}${message ? `: ${plainLine(message)}` : ''}`;
};

const voteText = (vote: Facts): string => `${cell(vote['verdict'])} by ${cell(vote['by'])}: ${cell(vote['reason'])}`;

const reviewLine = (step: Facts): Line => {
  const review = factsAt(step, 'review');
  const votes = [...listAt(review, 'votes'), ...(isFacts(review['vote']) ? [review['vote']] : [])].map(voteText);
  const asked = factsAt(review, 'requested_by');
  if (votes.length > 0) return votes.join('; ');
  if (Object.keys(asked).length > 0)
    return `asked for by ${cell(asked)}, of ${cell(factsAt(review, 'requirement')['groups'])}, until ${cell(review['expires_at'])}`;
  return textAt(review, 'state') && !textAt(step, 'event') ? `review ${cell(review['state'])}` : undefined;
};

const rounded = (value: unknown): string =>
  typeof value === 'number' ? String(Math.round(value * 10) / 10) : cell(value);

const outcomeLine = (step: Facts): Line => {
  const outcome = factsAt(step, 'outcome');
  const status = textAt(outcome, 'status') ?? textAt(step, 'status');
  if (!status) return undefined;
  const said = (name: string, word: string) =>
    outcome[name] === undefined || outcome[name] === null ? [] : [`${word} ${rounded(outcome[name])}`];
  const masked = Array.isArray(outcome['masked_by']) ? [`by ${cell(outcome['masked_by'])}`] : [];
  const rest = [
    ...said('code', 'code'),
    ...said('rows', 'rows'),
    ...said('bytes', 'bytes'),
    ...said('duration_ms', 'ms'),
    [...said('masked_fields', 'masked'), ...masked].join(' '),
    ...(Array.isArray(outcome['flags']) ? [`flagged ${cell(outcome['flags'])}`] : []),
  ];
  return `${plainLine(status)} (${rest.filter(Boolean).join(', ')})`;
};

const reasonLine = (step: Facts): Line => textAt(factsAt(step, 'reason'), 'message');
const lostLine = (step: Facts): Line =>
  step['tampered'] === true
    ? 'THIS ENTRY WAS TAMPERED WITH'
    : step['erased'] === true
      ? 'erased: its key was destroyed'
      : undefined;

const step = (facts: Facts): string => {
  const at = textAt(facts, 'at', 'started_at', 'created_at');
  const title = textAt(facts, 'event', 'action', 'kind') ?? 'operation';
  const statement = textAt(facts, 'text', 'statement', 'preview');
  const parameters =
    Array.isArray(facts['parameters']) && facts['parameters'].length > 0
      ? `parameters ${cell(facts['parameters'])}`
      : undefined;
  const response = textAt(facts, 'response');
  const lines = [
    parameters,
    whoLine(facts),
    decisionLine(facts),
    reviewLine(facts),
    outcomeLine(facts),
    reasonLine(facts),
    lostLine(facts),
  ];
  return [
    `${at ? `${plainLine(at)}  ` : ''}${plainLine(title)}\n`,
    statement ? indented(statement) : '',
    ...lines.filter((line) => line !== undefined).map((line) => `  ${line}\n`),
    response ? indented(response) : '',
  ].join('');
};

/** A recorded session for people: each step with its statement, decision, reviews, outcome and recorded answer. */
export const replayText = (steps: readonly unknown[]): string =>
  steps.filter(isFacts).map(step).join('\n') || 'nothing was asked\n';
