import { quoted } from '../quoted.js';
import { type Hooks, mergedHooks } from './hooks.js';
import { jsonText, readJson } from './json-file.js';
import { type TomlBlocks, withBlocks } from './toml-blocks.js';

export interface CodexFacts {
  readonly url: string;
  readonly baseUrl: string;
  readonly connection: string;
  readonly sallyport: string;
  readonly sallyportExec: string;
  readonly strict: boolean;
  /** Whether commands are started through sallyport exec where Codex asks nobody about them anyway. */
  readonly carry: boolean;
}

// Well within the fifteen minutes that a ticket lives.
const refreshMs = 600_000;

// A basic string of TOML has the escapes of JSON's.
const text = (value: string): string => JSON.stringify(value);

const blocks = ({ url, baseUrl, connection, sallyport }: CodexFacts): TomlBlocks => ({
  top: 'model_provider = "sallyport"\n',
  tables: [
    '[model_providers.sallyport]',
    'name = "Sallyport"',
    `base_url = ${text(`${baseUrl}/v1`)}`,
    'wire_api = "responses"',
    '',
    '[model_providers.sallyport.auth]',
    `command = ${text(sallyport)}`,
    `args = [${['llm-token', connection, '--protocol', 'openai', '--url', url].map(text).join(', ')}]`,
    `refresh_interval_ms = ${refreshMs}`,
    '',
  ].join('\n'),
});

const ours = /^\[?model_providers\.sallyport\b/;

/** The person's own configuration with ours around it. */
export const codexConfig = (path: string, bytes: Buffer | undefined, facts: CodexFacts): string =>
  withBlocks(
    path,
    bytes?.toString('utf8') ?? '',
    blocks(facts),
    ({ name, isTop }) => (isTop && name === 'model_provider') || ours.test(name),
  );

const events = [
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'SessionStart',
] as const;

const hooksOf = ({ sallyport, sallyportExec, url, strict, carry }: CodexFacts): Hooks => {
  const command = [quoted(sallyport), 'hook', 'codex', '--url', quoted(url), ...(strict ? ['--strict'] : [])].join(' ');
  const hook = (event: string) => ({
    type: 'command',
    command: event === 'PreToolUse' && carry ? `${command} --carry ${quoted(sallyportExec)}` : command,
    timeout: 10,
  });
  return Object.fromEntries(events.map((event) => [event, [{ hooks: [hook(event)] }]]));
};

export const codexHooks = (path: string, bytes: Buffer | undefined, facts: CodexFacts): string => {
  const file = readJson(path, bytes);
  return jsonText({ ...file, value: { ...file.value, hooks: mergedHooks(path, file.value['hooks'], hooksOf(facts)) } });
};
