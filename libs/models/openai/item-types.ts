/** The items of the Responses API: whose they are, and who runs the calls among them. */
import { type Members, memberOf, textOf } from './values.js';

export type ItemKind =
  /** Of the user, the client's developer, or the model: by its role. */
  | 'message'
  /** The model's thoughts: opaque, passed on as they are. */
  | 'reasoning'
  | 'call'
  /** What the client sends back of a call. */
  | 'result'
  /** The provider's own, or a note of the client's, in which nothing is asked of anybody. */
  | 'note'
  /** Stands for something that the provider keeps. */
  | 'reference'
  | 'unknown';

interface CallShape {
  /** What the call is called; by default its own `name`. */
  readonly tool?: string;
  /** Where its input stands: a text, or a value of which the JSON counts. */
  readonly input: readonly string[];
  readonly byProvider: (item: Members) => boolean;
}

const always = (): boolean => true;
const never = (): boolean => false;
/** A shell runs where its environment is: in a container of the provider's, or else with the client. */
const inContainer = (item: Members): boolean =>
  (textOf(memberOf(item, 'environment'), 'type') ?? 'local').startsWith('container');

const calls: Readonly<Record<string, CallShape>> = {
  function_call: { input: ['arguments'], byProvider: never },
  custom_tool_call: { input: ['input'], byProvider: never },
  local_shell_call: { tool: 'local_shell', input: ['action'], byProvider: never },
  shell_call: { tool: 'shell', input: ['action'], byProvider: inContainer },
  apply_patch_call: { tool: 'apply_patch', input: ['operation'], byProvider: never },
  computer_call: { tool: 'computer', input: ['actions', 'action'], byProvider: never },
  // The client decides: without its approval the provider does not call.
  mcp_approval_request: { input: ['arguments'], byProvider: never },
  mcp_call: { input: ['arguments'], byProvider: always },
  web_search_call: { tool: 'web_search', input: ['action'], byProvider: always },
  file_search_call: { tool: 'file_search', input: ['queries'], byProvider: always },
  code_interpreter_call: { tool: 'code_interpreter', input: ['code'], byProvider: always },
  image_generation_call: { tool: 'image_generation', input: ['revised_prompt'], byProvider: always },
  tool_search_call: {
    tool: 'tool_search',
    input: ['arguments'],
    byProvider: (item) => textOf(item, 'execution') !== 'client',
  },
  program: { tool: 'program', input: ['code'], byProvider: always },
};

const others: Readonly<Record<string, ItemKind>> = {
  message: 'message',
  agent_message: 'message',
  reasoning: 'reasoning',
  compaction: 'reasoning',
  compaction_trigger: 'note',
  function_call_output: 'result',
  custom_tool_call_output: 'result',
  local_shell_call_output: 'result',
  shell_call_output: 'result',
  apply_patch_call_output: 'result',
  computer_call_output: 'result',
  tool_search_output: 'note',
  mcp_approval_response: 'note',
  mcp_list_tools: 'note',
  additional_tools: 'note',
  program_output: 'note',
  item_reference: 'reference',
};

/** A type that is not known and calls itself a call is taken for one that the client would run. */
const unknownCall: CallShape = { input: ['arguments', 'input', 'action', 'operation'], byProvider: never };

export const callShape = (type: string): CallShape | undefined =>
  Object.hasOwn(calls, type) ? calls[type] : type.endsWith('_call') ? unknownCall : undefined;

export const isKnownItem = (type: string): boolean => Object.hasOwn(calls, type) || Object.hasOwn(others, type);

export const itemKind = (type: string): ItemKind => {
  if (callShape(type) !== undefined) return 'call';
  return Object.hasOwn(others, type) ? others[type]! : 'unknown';
};

/** An item without a type that has a role is a message. */
export const itemType = (item: Members): string => textOf(item, 'type') ?? ('role' in item ? 'message' : '');

/** Calls in a namespace are told apart by it: `crm.delete`. */
export const qualified = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}.${name}`;

export const callName = (item: Members, type: string): string => {
  const shape = callShape(type);
  if (shape?.tool !== undefined) return shape.tool;
  return qualified(textOf(item, 'namespace') ?? textOf(item, 'server_label'), textOf(item, 'name') ?? type);
};
