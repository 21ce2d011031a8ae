/** A trace as people read it: a tree of lines, each short enough for a terminal. */
import { plainLine } from './plain-text.js';

export interface TraceNode {
  readonly line: string;
  readonly below: readonly TraceNode[];
}

interface Operation {
  readonly action: string | null;
  readonly risk: string | null;
  readonly text: string | null;
  readonly assurance: string | null;
  readonly connection: string | null;
  readonly decision: {
    readonly outcome: string;
    readonly policies: readonly string[];
    readonly refusal: { readonly message: string } | null;
  } | null;
  readonly review: {
    readonly id: string;
    readonly state: string;
    readonly votes: readonly { readonly by: string; readonly verdict: string; readonly reason: string }[];
  } | null;
  readonly outcome: {
    readonly status: string;
    readonly code: string | null;
    readonly rows: number | null;
    readonly flags: readonly string[] | null;
  } | null;
  readonly evidence: readonly string[];
  readonly join_key: string | null;
  readonly cloud_trail: { readonly request_id: string; readonly role_session_name: string | null } | null;
}

interface ToolCall {
  readonly tool_use_id: string;
  readonly name: string;
  readonly agent: string | null;
  readonly input: string | null;
  readonly witnesses: {
    readonly model: object | null;
    readonly hook: object | null;
    readonly telemetry: object | null;
    readonly agree: boolean | null;
  };
  readonly outcome: string | null;
  readonly refusal: string | null;
  readonly operations: readonly Operation[];
}

interface Turn {
  readonly client_turn: string;
  readonly origin: string;
  readonly started_at: string;
  readonly untrusted: { readonly by: string } | null;
  readonly messages: readonly {
    readonly kind: string;
    readonly text: string | null;
    readonly source: string;
    readonly expands?: number | null;
  }[];
  readonly model: readonly Operation[];
  readonly tool_calls: readonly ToolCall[];
  readonly operations: readonly Operation[];
}

export interface Trace {
  readonly identity: { readonly name: string } | null;
  readonly ai_session: {
    readonly client: string;
    readonly client_session: string;
    readonly killed_at: string | null;
    readonly turns: readonly Turn[];
  } | null;
  readonly operations: readonly Operation[];
  readonly truncated: boolean;
}

const widest = 160;
const short = (text: string): string => {
  const line = plainLine(text.trim());
  return line.length <= widest ? line : `${line.slice(0, widest - 1)}…`;
};
const said = (text: string | null): string => (text === null ? '(erased)' : short(text));
const leaf = (line: string): TraceNode => ({ line, below: [] });

export function traceText({ identity, ai_session, operations, truncated }: Trace): string {
  const who = identity?.name ?? 'somebody who is not told';
  const root: TraceNode =
    ai_session === null
      ? { line: `${short(who)}, by no AI session that is known`, below: operations.map(operationNode) }
      : {
          line: `${short(who)} · ${short(ai_session.client)} · session ${short(ai_session.client_session)}${ai_session.killed_at === null ? '' : ` · ended by an administrator at ${ai_session.killed_at}`}`,
          below: [...ai_session.turns.map(turnNode), ...outside(operations)],
        };
  return `${drawn(root).join('\n')}\n${truncated ? '\nThere is more than is shown: ask for one turn or tool call.\n' : ''}`;
}

const outside = (operations: readonly Operation[]): TraceNode[] =>
  operations.length === 0 ? [] : [{ line: 'by no turn that a witness knows', below: operations.map(operationNode) }];

function turnNode({
  client_turn,
  origin,
  started_at,
  untrusted,
  messages,
  model,
  tool_calls,
  operations,
}: Turn): TraceNode {
  const outsideContent = untrusted === null ? '' : ` · read outside content by ${short(untrusted.by)}`;
  return {
    line: `turn ${short(client_turn)} · ${origin} · ${started_at}${outsideContent}`,
    below: [
      ...messages.map(({ kind, text, expands }) =>
        leaf(`${typeof expands === 'number' ? 'as the model was told' : kind}: ${said(text)}`),
      ),
      ...model.map(operationNode),
      ...tool_calls.map(callNode),
      ...operations.map(operationNode),
    ],
  };
}

function callNode({ name, tool_use_id, agent, input, witnesses, outcome, refusal, operations }: ToolCall): TraceNode {
  const seen = [
    witnesses.model === null ? '' : 'model',
    witnesses.hook === null ? '' : 'hook',
    witnesses.telemetry === null ? '' : 'telemetry',
  ].filter((each) => each !== '');
  const differ = witnesses.agree === false ? ', which DIFFER' : '';
  const facts = [
    `told by ${seen.join(', ') || 'nobody'}${differ}`,
    ...(agent === null ? [] : [`sub-agent ${short(agent)}`]),
    ...(outcome === null ? [] : [outcome]),
    ...(refusal === null ? [] : [`refused: ${short(refusal)}`]),
  ];
  return {
    line: `tool call ${short(name)} ${short(tool_use_id)} · ${facts.join(' · ')}`,
    below: [leaf(said(commandIn(input))), ...operations.map(operationNode)],
  };
}

/** Of a shell's input the command alone. */
function commandIn(input: string | null): string | null {
  if (input === null) return null;
  try {
    const parsed = JSON.parse(input) as { command?: unknown };
    return typeof parsed.command === 'string' ? parsed.command : input;
  } catch {
    return input;
  }
}

function operationNode(operation: Operation): TraceNode {
  const { action, risk, text, assurance, connection, decision, review, outcome, evidence } = operation;
  const facts = [
    `[${assurance ?? '?'}]`,
    `${action ?? '?'} on ${short(connection ?? '?')}`,
    risk ?? '?',
    decision?.outcome ?? 'undecided',
    ...(outcome === null ? [] : [outcomeText(outcome)]),
  ];
  return {
    line: facts.join(' · '),
    below: [
      leaf(said(text)),
      ...(decision === null || decision.policies.length === 0
        ? []
        : [leaf(`by policy ${decision.policies.map(short).join(', ')}`)]),
      ...(decision?.refusal ? [leaf(`refused: ${short(decision.refusal.message)}`)] : []),
      ...(review === null ? [] : [reviewNode(review)]),
      ...evidence.map((each) => leaf(short(each))),
      ...targetLog(operation),
    ],
  };
}

const outcomeText = ({ status, code, rows, flags }: NonNullable<Operation['outcome']>): string =>
  [
    status,
    ...(code === null ? [] : [short(code)]),
    ...(rows === null ? [] : [`${rows} rows`]),
    ...(flags ?? []).map((flag) => `FLAGGED ${short(flag)}`),
  ].join(' ');

const reviewNode = ({ id, state, votes }: NonNullable<Operation['review']>): TraceNode => ({
  line: `review ${id} · ${state}`,
  below: votes.map(({ by, verdict, reason }) => leaf(`${short(by)}: ${verdict}, ${short(reason)}`)),
});

function targetLog({ join_key, cloud_trail }: Operation): TraceNode[] {
  if (cloud_trail !== null) {
    const role = cloud_trail.role_session_name === null ? '' : `, role session ${cloud_trail.role_session_name}`;
    return [leaf(`CloudTrail: request ${cloud_trail.request_id}${role}`)];
  }
  return join_key === null ? [] : [leaf(`in the target’s own log: ${short(join_key)}`)];
}

function drawn({ line, below }: TraceNode): string[] {
  const lines = [line];
  for (const [index, node] of below.entries()) {
    const isLast = index === below.length - 1;
    const [first, ...rest] = drawn(node);
    lines.push(`${isLast ? '└─' : '├─'} ${first}`, ...rest.map((each) => `${isLast ? '  ' : '│ '} ${each}`));
  }
  return lines;
}
