/** What changes between two IAM or resource policies, statement by statement. */

const longest = 300;
const mostLines = 12;

type Statements = ReadonlyMap<string, string>;

/** @param before undefined where there is no policy yet, or it could not be read */
export function policyDiff(before: string | undefined, after: string | undefined): string[] {
  const [old, next] = [statementsOf(before), statementsOf(after)];
  if (old === undefined || next === undefined) return ['the policy cannot be compared: it is not JSON'];
  const gone = [...old].filter(([key]) => !next.has(key)).map(([, text]) => `- ${text}`);
  const come = [...next].filter(([key]) => !old.has(key)).map(([, text]) => `+ ${text}`);
  const lines = [...gone, ...come];
  if (lines.length === 0) return ['the policy stays as it is'];
  return lines.length > mostLines
    ? [...lines.slice(0, mostLines), `… and ${lines.length - mostLines} more statements`]
    : lines;
}

function statementsOf(policy: string | undefined): Statements | undefined {
  if (policy === undefined || policy === '') return new Map();
  try {
    const { Statement } = JSON.parse(policy) as { Statement?: unknown };
    const all: unknown[] = Array.isArray(Statement) ? Statement : Statement === undefined ? [] : [Statement];
    return new Map(all.map((statement) => [canonical(statement), shown(statement)]));
  } catch {
    return undefined;
  }
}

const shown = (statement: unknown): string => {
  const text = JSON.stringify(statement);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
};

/** The same for the same statement, however its keys are ordered. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, held]) => `${JSON.stringify(key)}:${canonical(held)}`)
    .join()}}`;
}
