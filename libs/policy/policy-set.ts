import { type PolicyTerms, termsOf } from './annotations.js';
import { type CedarPolicy, type CedarProblem, type PolicyTexts, parsePolicies, validatePolicies } from './cedar.js';
import { lineOf, lineOfByte, type PolicyProblem } from './problems.js';

/** Attributes of the context that some policy reads: by their values, the others cannot change a decision. */
export interface AttributesRead {
  has(name: string): boolean;
}

/** A policy text, read: whole and valid exactly when none of its problems is an error. */
export interface PolicySet {
  readonly problems: readonly PolicyProblem[];
  /** Cedar text by `@id`, in the order of the text. */
  readonly texts: PolicyTexts;
  readonly terms: ReadonlyMap<string, PolicyTerms>;
  readonly read: AttributesRead;
}

export const maxTextBytes = 256 * 1024;
export const maxPolicies = 1000;
/** Not `__proto__` and the like: ids are keys of objects. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Parses and checks a policy text: syntax, ids, annotations, then every expression against the schema. */
export function readPolicySet(text: string): PolicySet {
  if (Buffer.byteLength(text) > maxTextBytes)
    return failed({ message: `the policy text is longer than ${maxTextBytes} bytes` });
  const parsed = parsePolicies(text);
  if ('errors' in parsed) return { ...empty, problems: parsed.errors.map((error) => syntaxProblem(text, error)) };
  if (parsed.policies.length > maxPolicies) return failed({ message: `more than ${maxPolicies} policies` });
  if (parsed.templates.length > 0) {
    const line = lineOf(text, text.indexOf(parsed.templates[0]!));
    return failed({
      message: 'templates are not supported',
      hint: 'name the principal and the resource instead of a slot',
      line,
    });
  }
  return check(text, parsed.policies);
}

const empty: PolicySet = { problems: [], texts: {}, terms: new Map(), read: new Set() };
const failed = (problem: Omit<PolicyProblem, 'severity'>): PolicySet => ({
  ...empty,
  problems: [{ severity: 'error', ...problem }],
});

function check(text: string, policies: readonly CedarPolicy[]): PolicySet {
  const problems: PolicyProblem[] = [];
  const texts: Record<string, string> = {};
  const terms = new Map<string, PolicyTerms>();
  const lines = new Map<string, number>();
  for (const policy of policies) {
    const line = lineOf(text, text.indexOf(policy.text));
    const id = policy.annotations['id'];
    const mistake = idMistake(id, terms);
    if (mistake !== undefined || id === undefined) {
      problems.push({
        severity: 'error',
        message: mistake ?? '',
        hint: 'give every policy a name of its own: @id("…")',
        line,
      });
      continue;
    }
    const read = termsOf(policy);
    problems.push(...read.mistakes.map((found) => ({ severity: 'error' as const, policy: id, ...found, line })));
    texts[id] = policy.text;
    terms.set(id, read.terms);
    lines.set(id, line);
  }
  for (const { key, problem, isError } of validatePolicies(texts)) {
    problems.push(schemaProblem(key, problem, { isError, text: texts[key] ?? '', line: lines.get(key) ?? 1 }));
  }
  return { problems, texts, terms, read: readBy(policies) };
}

function idMistake(id: string | undefined, seen: ReadonlyMap<string, unknown>): string | undefined {
  if (id === undefined) return 'a policy has no "@id"';
  if (!idPattern.test(id))
    return `"${id}" cannot be the id of a policy: letters, digits, dots, dashes and underscores, at most 100`;
  return seen.has(id) ? `two policies have the id "${id}"` : undefined;
}

const hinted = (help: string | null | undefined) => (help ? { hint: help } : {});

function syntaxProblem(text: string, { message, help, sourceLocations }: CedarProblem): PolicyProblem {
  const place = sourceLocations?.[0];
  const expected = place?.label ? { hint: place.label } : {};
  return {
    severity: 'error',
    message: message.replace(/^failed to parse polic(y|ies)[^:]*: /, ''),
    ...expected,
    ...hinted(help),
    line: lineOfByte(text, place?.start ?? 0),
  };
}

interface Placed {
  readonly isError: boolean;
  readonly text: string;
  readonly line: number;
}

function schemaProblem(
  key: string,
  { message, help, sourceLocations }: CedarProblem,
  { isError, text, line }: Placed,
): PolicyProblem {
  return {
    severity: isError ? 'error' : 'warning',
    ...(key === '' ? {} : { policy: key }),
    message: message.replace(/^for policy `[^`]*`, /, ''),
    ...hinted(help),
    line: line - 1 + lineOfByte(text, sourceLocations?.[0]?.start ?? 0),
  };
}

/** A policy that uses the context as a whole reads everything. */
function readBy(policies: readonly CedarPolicy[]): AttributesRead {
  const read = new Set<string>();
  let isWhole = false;
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('Var' in node && node.Var === 'context') isWhole = true;
    const access = ('.' in node ? node['.'] : undefined) ?? ('has' in node ? node.has : undefined);
    const attribute = attributeOfContext(access);
    if (attribute === undefined) for (const child of Object.values(node)) visit(child);
    else read.add(attribute);
  };
  for (const { conditions } of policies) visit(conditions);
  return isWhole ? { has: () => true } : read;
}

function attributeOfContext(access: unknown): string | undefined {
  if (typeof access !== 'object' || access === null || !('left' in access) || !('attr' in access)) return undefined;
  const { left, attr } = access;
  if (typeof left !== 'object' || left === null || !('Var' in left) || left.Var !== 'context') return undefined;
  const first: unknown = Array.isArray(attr) ? attr[0] : attr;
  return typeof first === 'string' ? first : undefined;
}
