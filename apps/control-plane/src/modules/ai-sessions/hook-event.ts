import { GatewayError } from '@sallyport/core';

interface Told {
  readonly session: string;
  /** The client's id of the turn; absent in clients that do not tell one. */
  readonly turn?: string;
  /** The sub-agent that it happens in. */
  readonly agent?: string;
}

interface OfCall {
  readonly toolUse: string;
  readonly name: string;
  readonly input: unknown;
}

/** What a client's hook tells, whichever client it is. */
export type HookEvent = Told &
  (
    | { readonly kind: 'prompted'; readonly text: string }
    | ({ readonly kind: 'asked' } & OfCall)
    | ({ readonly kind: 'finished'; readonly outcome: 'done' | 'failed' | 'denied' } & OfCall)
    | { readonly kind: 'agent-started'; readonly agent: string; readonly type?: string }
    | { readonly kind: 'agent-stopped'; readonly agent: string }
    | { readonly kind: 'stopped' }
    | { readonly kind: 'ended'; readonly reason: string }
    | { readonly kind: 'reconfigured'; readonly what: string }
    /** Nothing that this gateway keeps. */
    | { readonly kind: 'other' }
  );

type Members = Readonly<Record<string, unknown>>;

const invalid = (what: string): GatewayError =>
  new GatewayError('INVALID_INPUT', `the hook's body has no usable "${what}"`, {
    hint: 'send what the client hands to its hooks, unchanged',
  });

// Ids go into tables and logs as they are: no control characters, and no text in the place of an id.
const idShape = /^[\x21-\x7e]{1,200}$/;

const optionalId = (body: Members, name: string): string | undefined => {
  const value = body[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || !idShape.test(value)) throw invalid(name);
  return value;
};

const id = (body: Members, name: string): string => {
  const value = optionalId(body, name);
  if (value === undefined) throw invalid(name);
  return value;
};

const string = (body: Members, name: string): string => {
  const value = body[name];
  if (typeof value !== 'string') throw invalid(name);
  return value;
};

/** A few words that the client chose from a list of its own. */
const word = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w.:/@ -]{1,100}$/.test(value) ? value : undefined;

// Servers name their tools as they like.
const toolName = (body: Members): string => {
  const name = string(body, 'tool_name');
  if (!/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,200}$/u.test(name)) throw invalid('tool_name');
  return name;
};

const callOf = (body: Members): OfCall => ({
  toolUse: id(body, 'tool_use_id'),
  name: toolName(body),
  input: body['tool_input'] ?? {},
});

const agentType = (body: Members): { type?: string } => {
  const type = word(body['agent_type']);
  return type === undefined ? {} : { type };
};

type Reader = (body: Members) => HookEvent extends infer E ? (E extends Told ? Omit<E, keyof Told> : never) : never;

// Claude Code's events; Codex has some of them under the same names.
const readers: Readonly<Record<string, Reader>> = {
  UserPromptSubmit: (body) => ({ kind: 'prompted', text: string(body, 'prompt') }),
  PreToolUse: (body) => ({ kind: 'asked', ...callOf(body) }),
  PostToolUse: (body) => ({ kind: 'finished', outcome: 'done', ...callOf(body) }),
  PostToolUseFailure: (body) => ({ kind: 'finished', outcome: 'failed', ...callOf(body) }),
  PermissionDenied: (body) => ({ kind: 'finished', outcome: 'denied', ...callOf(body) }),
  SubagentStart: (body) => ({ kind: 'agent-started', agent: id(body, 'agent_id'), ...agentType(body) }),
  SubagentStop: (body) => ({ kind: 'agent-stopped', agent: id(body, 'agent_id') }),
  Stop: () => ({ kind: 'stopped' }),
  StopFailure: () => ({ kind: 'stopped' }),
  SessionEnd: (body) => ({ kind: 'ended', reason: word(body['reason']) ?? 'other' }),
  ConfigChange: (body) => ({ kind: 'reconfigured', what: word(body['source']) ?? 'other' }),
};

/**
 * Reads what a hook posts: `prompt_id` is Claude Code's name of a turn, `turn_id` that of Codex. Unknown events and
 * members are nothing to fail at: clients add some with every release.
 * @throws GatewayError INVALID_INPUT where a member that is needed is not there
 */
export function hookEvent(body: unknown): HookEvent {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('hook_event_name');
  const members = body as Members;
  const name = string(members, 'hook_event_name');
  const turn = optionalId(members, 'prompt_id') ?? optionalId(members, 'turn_id');
  const agent = optionalId(members, 'agent_id');
  const told = {
    session: id(members, 'session_id'),
    ...(turn === undefined ? {} : { turn }),
    ...(agent === undefined ? {} : { agent }),
  };
  const read = Object.hasOwn(readers, name) ? readers[name]! : () => ({ kind: 'other' as const });
  return { ...told, ...read(members) } as HookEvent;
}
