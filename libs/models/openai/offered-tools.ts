/** The tools of a request: those that the client runs, those that the provider runs, and what the latter can reach. */
import type { ModelFlag } from '../types.js';
import type { Findings } from './findings.js';
import { qualified } from './item-types.js';
import { isMembers, listOf, memberOf, textOf } from './values.js';

/** Offered by type alone; the client runs them. */
const clientTools: Readonly<Record<string, string>> = {
  local_shell: 'local_shell',
  apply_patch: 'apply_patch',
  computer: 'computer',
  computer_use: 'computer',
  computer_use_preview: 'computer',
};

/** What else the provider's tools mean, by the beginning of their type. */
const serverFlags: readonly (readonly [string, ModelFlag])[] = [
  ['mcp', 'mcp-servers'],
  ['code_interpreter', 'container'],
  ['shell', 'container'],
  ['file_search', 'file-reference'],
];
const serverTypes =
  /^(web_search|file_search|code_interpreter|mcp|image_generation|shell|tool_search|programmatic_tool_calling)/;

const runsWithProvider = (tool: unknown, type: string): boolean => {
  if (type === 'shell') return (textOf(memberOf(tool, 'environment'), 'type') ?? 'local').startsWith('container');
  return !(type === 'tool_search' && textOf(tool, 'execution') === 'client');
};

const serverTool = (type: string, found: Findings): void => {
  found.serverTools.add(type);
  found.flags.add('server-tools');
  if (!serverTypes.test(type)) found.flags.add('unknown-blocks');
  for (const [prefix, flag] of serverFlags) if (type.startsWith(prefix)) found.flags.add(flag);
};

/** The Responses API names a function beside its type, Chat Completions within a member of that type's name. */
const nameIn = (tool: unknown, type: string): string => textOf(memberOf(tool, type) ?? tool, 'name') ?? type;

/** @param namespace of the tools that stand within one */
export const offeredTool = (tool: unknown, found: Findings, namespace?: string): void => {
  const type = textOf(tool, 'type') ?? 'function';
  if (!isMembers(tool)) return void found.flags.add('unknown-blocks');
  if (type === 'namespace') {
    for (const inner of listOf(tool, 'tools')) offeredTool(inner, found, textOf(tool, 'name'));
  } else if (type === 'function' || type === 'custom') found.tools.add(qualified(namespace, nameIn(tool, type)));
  else if (Object.hasOwn(clientTools, type)) found.tools.add(clientTools[type]!);
  else if (runsWithProvider(tool, type)) serverTool(type, found);
  else found.tools.add(type);
};
