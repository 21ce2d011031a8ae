import { quoted } from '../quoted.js';
import type { TurnOptions } from '../ticket.js';
import { evaluated } from './evaluated.js';

/** A tool call of an AI client, as its process tells it. */
export interface Call {
  readonly client: string;
  readonly aiSession: string;
  /** As the model wrote it where that can be told, else the line that is run. */
  readonly command: string;
  readonly toolCall?: string;
  readonly traceparent?: string;
}

/** W3C Trace Context, 3.2. */
const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const traceOf = (env: NodeJS.ProcessEnv): Pick<Call, 'traceparent'> => {
  const given = env['TRACEPARENT'];
  return given && traceparent.test(given) ? { traceparent: given } : {};
};

const lineOf = (args: readonly string[]): string => (args.length === 1 ? args[0]! : args.map(quoted).join(' '));

const claudeCall = (command: string, env: NodeJS.ProcessEnv): Call | undefined => {
  const aiSession = env['CLAUDE_CODE_SESSION_ID'];
  return aiSession ? { client: 'claude-code', aiSession, command, ...traceOf(env) } : undefined;
};

const codexCall = (command: string, env: NodeJS.ProcessEnv): Call | undefined => {
  const aiSession = env['CODEX_SESSION_ID'] || env['CODEX_THREAD_ID'];
  const toolCall = env['CODEX_TOOL_CALL_ID'];
  return aiSession && toolCall ? { client: 'codex', aiSession, command, toolCall, ...traceOf(env) } : undefined;
};

/**
 * Which tool call this is. @returns undefined where it is none: a hook, a status line or an MCP server, which the
 * client starts by the same prefix
 */
export const callOf = (args: readonly string[], env: NodeJS.ProcessEnv): Call | undefined => {
  const inner = args.length === 1 ? evaluated(args[0]!) : undefined;
  const agent = env['AI_AGENT'] ?? ''; // claude-code_<version>_agent for a tool's child, …_harness for the client's own
  if (agent.endsWith('_harness')) return undefined;
  // The variables of a client are still there in one that it has started, so its line says more than they do.
  if (inner !== undefined) return claudeCall(inner, env) ?? codexCall(lineOf(args), env);
  return codexCall(lineOf(args), env) ?? (agent.endsWith('_agent') ? claudeCall(lineOf(args), env) : undefined);
};

/** Which AI client has started this process, and for which of its tool calls, as far as it says so itself. */
export const clientOf = (env: NodeJS.ProcessEnv): Pick<TurnOptions, 'aiClient' | 'aiSession' | 'toolCall'> => {
  const call = callOf([''], env);
  if (!call) return {};
  const { client, aiSession, toolCall } = call;
  return { aiClient: client, aiSession, ...(toolCall === undefined ? {} : { toolCall }) };
};

const markName = 'SALLYPORT_EXEC';
const setName = 'SALLYPORT_EXEC_SET';

const markOf = ({ client, aiSession, toolCall = '' }: Call): string => [client, aiSession, toolCall].join('/');

/** What tells a further `sallyport exec` below this one what it has, and which variables are of it. */
export const marked = (call: Call, set: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...set,
  [markName]: markOf(call),
  [setName]: [...Object.keys(set), markName, setName].join(','),
});

/** Whether this process is below another `sallyport exec` of the same call, whose environment it has. */
export const isWithin = (call: Call, env: NodeJS.ProcessEnv): boolean => env[markName] === markOf(call);

/** Names of the variables that a `sallyport exec` further up has set: they are of another call. */
export const inherited = (env: NodeJS.ProcessEnv): readonly string[] => (env[setName] ?? '').split(',').filter(Boolean);
