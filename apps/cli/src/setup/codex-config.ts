import { GatewayError } from '@sallyport/core';
import { quoted } from '../quoted.js';
import { type Hooks, mergedHooks } from './hooks.js';
import { jsonText, readJson } from './json-file.js';
import { statementsOf, type TomlBlocks, withBlocks, withoutBlocks } from './toml-blocks.js';

export interface CodexFacts {
  readonly url: string;
  readonly baseUrl: string;
  readonly connection: string;
  readonly sallyport: string;
  readonly sallyportExec: string;
  readonly strict: boolean;
  /** Whether commands are started through sallyport exec where Codex asks nobody about them anyway. */
  readonly carry: boolean;
  /** Hooks are required elsewhere then, whatever a configuration says of them. */
  readonly isManaged: boolean;
}

// Well within the fifteen minutes that a ticket lives.
const refreshMs = 600_000;

// A basic string of TOML has the escapes of JSON's.
const text = (value: string): string => JSON.stringify(value);

/** The provider runs it, where neither gate sees it: policies may have each request that offers it wait for a reviewer. */
const noSearch = 'web_search = "disabled"\n';

const blocks = ({ url, baseUrl, connection, sallyport }: CodexFacts, saysOfSearch: boolean): TomlBlocks => ({
  top: `model_provider = "sallyport"\n${saysOfSearch ? '' : noSearch}`,
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

// Seen with 0.171.0, which still takes the older name.
const hooksOff = [
  /^[ \t]*\[[ \t]*features[ \t]*\](?:\n(?![ \t]*\[).*)*\n[ \t]*(?:codex_)?hooks[ \t]*=[ \t]*false\b/m,
  /^[ \t]*features\.(?:codex_)?hooks[ \t]*=[ \t]*false\b/m,
  /^[ \t]*features[ \t]*=[ \t]*\{[^}\n]*\b(?:codex_)?hooks[ \t]*=[ \t]*false\b/m,
];

/** Whether a person's configuration keeps Codex from telling its hooks. */
export const switchesHooksOff = (config: string): boolean => hooksOff.some((each) => each.test(config));

/** The person's own configuration with ours around it. @throws CONFLICT where one of both would not work any more */
export const codexConfig = (path: string, bytes: Buffer | undefined, facts: CodexFacts): string => {
  const before = bytes?.toString('utf8') ?? '';
  if (!facts.isManaged && switchesHooksOff(before))
    throw new GatewayError('CONFLICT', `"${path}" has what this cannot work with: its features switch the hooks off`, {
      hint: 'take it out, then try again',
    });
  const own = statementsOf(withoutBlocks(before));
  const saysOfSearch = own.some(({ name, isTop }) => isTop && /^(tools\.)?web_search$/.test(name));
  return withBlocks(
    path,
    before,
    blocks(facts, saysOfSearch),
    ({ name, isTop }) => (isTop && name === 'model_provider') || ours.test(name),
  );
};

const events = [
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'SessionStart',
] as const;

/** What Codex starts at each event. */
const commandOf = (event: string, { sallyport, sallyportExec, url, strict, carry }: CodexFacts): string => {
  const command = [quoted(sallyport), 'hook', 'codex', '--url', quoted(url), ...(strict ? ['--strict'] : [])].join(' ');
  return event === 'PreToolUse' && carry ? `${command} --carry ${quoted(sallyportExec)}` : command;
};

const timeoutSeconds = 10;

const hooksOf = (facts: CodexFacts): Hooks =>
  Object.fromEntries(
    events.map((event) => [
      event,
      [{ hooks: [{ type: 'command', command: commandOf(event, facts), timeout: timeoutSeconds }] }],
    ]),
  );

export const codexHooks = (path: string, bytes: Buffer | undefined, facts: CodexFacts): string => {
  const file = readJson(path, bytes);
  return jsonText({ ...file, value: { ...file.value, hooks: mergedHooks(path, file.value['hooks'], hooksOf(facts)) } });
};

const hookTables = (facts: CodexFacts): string[] =>
  events.map((event) =>
    [
      `[[hooks.${event}]]`,
      `[[hooks.${event}.hooks]]`,
      'type = "command"',
      `command = ${text(commandOf(event, facts))}`,
      `timeout = ${timeoutSeconds}`,
      '',
    ].join('\n'),
  );

/** A person could switch hooks off, and with them those that everybody is to have. */
const pinned = '[features]\nhooks = true\n';

/**
 * What administrators require of Codex, with our hooks among it: those are run without a person's trust.
 * @throws CONFLICT where an administrator's own statement cannot stand beside ours
 */
export const codexRequirements = (path: string, bytes: Buffer | undefined, facts: CodexFacts): string => {
  const before = bytes?.toString('utf8') ?? '';
  const theirs = withoutBlocks(before);
  const hasFeatures = statementsOf(theirs).some(({ name }) => /^\[?features\b/.test(name));
  if (hasFeatures && !/^\[features\][^[]*^hooks\s*=\s*true\b/m.test(theirs))
    throw new GatewayError('CONFLICT', `"${path}" has its own "features", without hooks among them`, {
      hint: 'add "hooks = true" below its [features], then try again',
    });
  return withBlocks(
    path,
    before,
    { top: '', tables: [...(hasFeatures ? [] : [pinned]), ...hookTables(facts)].join('\n') },
    ({ name, isTop }) => isTop && /^hooks\b/.test(name),
  );
};
