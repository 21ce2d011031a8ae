/** From a tool call of a model's answer to the operation that is decided, recorded and reviewed. Pure. */
import { createHash } from 'node:crypto';
import type { Digest, Operation, Risk, TurnContext } from '@sallyport/core';
import type { ModelApiName, ToolCall } from '@sallyport/models';
import { clipped, longestText, shown } from './words.js';

export interface CalledTool {
  readonly api: ModelApiName;
  readonly model: string;
  readonly call: ToolCall;
  /** Of the request whose answer has it. */
  readonly turn: TurnContext;
}

/** Named as the clients name them; whatever is not known to read alone may change something. */
const reading = new Set(
  [
    'Read',
    'Glob',
    'Grep',
    'LS',
    'NotebookRead',
    'TodoRead',
    'TaskOutput',
    'BashOutput',
    'ToolSearch',
    'WebSearch',
    'web_search',
    'read_file',
    'list_dir',
    'grep_files',
    'view_image',
    'file_search',
  ].map((name) => name.toLowerCase()),
);

/** `write_stdin` types into a shell that Codex has open. */
const shells = new Set(
  [
    ...['Bash', 'PowerShell', 'Monitor', 'shell', 'local_shell', 'container.exec'],
    ...['exec_command', 'unified_exec', 'shell_command', 'write_stdin'],
  ].map((name) => name.toLowerCase()),
);

/** A name that the request did not offer is nobody's tool: what would run, only its client knows. */
function riskOf({ name, declared, byProvider }: ToolCall): Risk {
  if (!declared && !byProvider) return 'unknown';
  return reading.has(name.toLowerCase()) ? 'read' : 'write';
}

export function toolOperation({ api, model, call, turn }: CalledTool): Operation {
  const { id, name, input, declared, byProvider } = call;
  const command = commandOf(call);
  const tool = clipped(name, 256);
  const said = command === '' ? input : command;
  return {
    action: 'model.tool_call',
    risk: riskOf(call),
    text: `${tool}${byProvider ? ' (run by the provider already)' : ''}${declared ? '' : ' (not offered)'}: ${shown(said)}`,
    facts: {
      api,
      model: clipped(model, 256),
      tool,
      input: clipped(input),
      input_cut: input.length > longestText,
      declared,
      by_provider: byProvider,
      command: clipped(command),
    },
    resources: [tool],
    digest: digestOf([api, name, input]),
    pure: false,
    turn: { ...turn, toolCall: id },
  };
}

/** What a shell is told to do, where that is what the tool is: text, a list of words as Codex sends it, or lines of a shell of the API's own. */
export function commandOf({ name, input }: Pick<ToolCall, 'name' | 'input'>): string {
  if (!shells.has(name.toLowerCase())) return '';
  try {
    const fields = JSON.parse(input) as Readonly<Record<string, unknown>> | null;
    const command = fields?.['command'] ?? fields?.['cmd'] ?? fields?.['chars'];
    if (typeof command === 'string') return command;
    return wordsIn(command)?.join(' ') ?? wordsIn(fields?.['commands'])?.join('\n') ?? '';
  } catch {
    return ''; // not JSON: the policy sees the input as it is
  }
}

const wordsIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;

/** Of the same call made again, whatever its id: a review that was asked for once is joined. */
function digestOf(parts: readonly string[]): Digest {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex') as Digest;
}
