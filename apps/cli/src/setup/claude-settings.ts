import { GatewayError } from '@sallyport/core';
import { type Hooks, mergedHooks } from './hooks.js';
import { isObject, type JsonFile, type JsonObject } from './json-file.js';

/** What settings of Claude Code lead to. */
export interface ClaudeFacts {
  /** The control plane. */
  readonly url: string;
  /** The gateway's listener for the model. */
  readonly baseUrl: string;
  readonly connection: string;
  /** Files on the machine that is set up. */
  readonly ca: string;
  readonly sallyport: string;
  readonly sallyportExec: string;
  readonly strict: boolean;
}

/** Below it hooks have no prompt id, or telemetry can be led elsewhere. */
export const leastClaude = '2.1.232';

// Well within the fifteen minutes that a ticket lives.
const keyMs = 600_000;
// A tool that waits for a reviewer is not given up on.
const toolMs = 1_800_000;

const environment = ({ url, baseUrl, ca, connection, sallyportExec }: ClaudeFacts): Record<string, string> => ({
  SALLYPORT_URL: url,
  SALLYPORT_ANTHROPIC: connection,
  ANTHROPIC_BASE_URL: baseUrl,
  NODE_EXTRA_CA_CERTS: ca,
  CLAUDE_CODE_SHELL_PREFIX: sallyportExec,
  CLAUDE_CODE_API_KEY_HELPER_TTL_MS: String(keyMs),
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
  CLAUDE_CODE_PROPAGATE_TRACEPARENT: '1',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/otlp`,
  OTEL_LOG_USER_PROMPTS: '1',
  OTEL_LOG_TOOL_DETAILS: '1',
  MCP_TOOL_TIMEOUT: String(toolMs),
});

/**
 * Tools by which something leaves the machine or comes to it; reading a file needs no witness. Monitor runs a command, too:
 * unless it is named, 2.1.332 tells of it as of Bash, with another input than the model's.
 */
const matcher = 'Bash|PowerShell|Monitor|mcp__.*|WebFetch|WebSearch';

const aroundTools = ['PreToolUse', 'PostToolUse', 'PostToolUseFailure'] as const;
const others = ['UserPromptSubmit', 'SubagentStart', 'SubagentStop', 'Stop', 'SessionEnd', 'ConfigChange'] as const;

const hooksOf = ({ sallyport, url, strict }: ClaudeFacts): Hooks => {
  // With arguments of its own it is started as it is, without a shell and without the prefix.
  const args = ['hook', 'claude-code', '--url', url, ...(strict ? ['--strict'] : [])];
  const hooks = [{ type: 'command', command: sallyport, args, timeout: 10 }];
  return Object.fromEntries([
    ...aroundTools.map((event) => [event, [{ matcher, hooks }]]),
    ...others.map((event) => [event, [{ hooks }]]),
  ]) as Hooks;
};

const quotedPath = (file: string): string => (file.includes('\\') ? `"${file}"` : `'${file.replaceAll("'", `'\\''`)}'`);

export const claudeSettings = (facts: ClaudeFacts): JsonObject => ({
  env: environment(facts),
  apiKeyHelper: `${quotedPath(facts.sallyport)} llm-token ${facts.connection} --url ${facts.url}`,
  otelHeadersHelper: `${quotedPath(facts.sallyport)} otel-headers --url ${facts.url}`,
  hooks: hooksOf(facts),
});

/** The same as a file that is nobody else's. */
export const managedSettings = (facts: ClaudeFacts): JsonObject => ({
  ...claudeSettings(facts),
  requiredMinimumVersion: leastClaude,
});

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What makes ours of no use, and is not for this program to take out. */
const blockers = (settings: JsonObject, env: JsonObject): string[] => [
  ...[
    'ANTHROPIC_AUTH_TOKEN',
    'ANTHROPIC_API_KEY',
    'CLAUDE_CODE_USE_BEDROCK',
    'CLAUDE_CODE_USE_VERTEX',
    'CLAUDE_CODE_USE_FOUNDRY',
  ]
    .filter((name) => env[name] !== undefined)
    .map((name) => `env.${name} goes before the gateway’s own access`),
  ...(settings['disableAllHooks'] === true ? ['disableAllHooks switches the hooks off'] : []),
  ...(settings['forceLoginMethod'] === undefined ? [] : ['forceLoginMethod demands another login']),
];

/** What ours would take the place of. */
const replaced = (settings: JsonObject, env: JsonObject, ours: JsonObject): string[] => {
  const ownEnv = ours['env'] as Record<string, string>;
  const isAgain = /sallyport(\.cmd|\.js)?'?"? llm-token /.test(text(settings['apiKeyHelper']));
  if (isAgain) return [];
  return [
    ...['apiKeyHelper', 'otelHeadersHelper'].filter((name) => settings[name] !== undefined),
    ...['CLAUDE_CODE_SHELL_PREFIX', 'ANTHROPIC_BASE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT']
      .filter((name) => env[name] !== undefined && env[name] !== ownEnv[name])
      .map((name) => `env.${name}`),
  ];
};

/** Ours merged into a person's own settings. @throws CONFLICT where one of both would not work any more */
export const mergedSettings = (path: string, file: JsonFile, ours: JsonObject, force: boolean): JsonFile => {
  const settings = file.value;
  const env = settings['env'] ?? {};
  if (!isObject(env))
    throw new GatewayError('INVALID_INPUT', `"env" in "${path}" is not an object`, {
      hint: 'correct it and try again',
    });
  const inTheWay = blockers(settings, env);
  if (inTheWay.length > 0)
    throw new GatewayError('CONFLICT', `"${path}" has what this cannot work with: ${inTheWay.join('; ')}`, {
      hint: 'take it out, then try again',
    });
  const lost = force ? [] : replaced(settings, env, ours);
  if (lost.length > 0)
    throw new GatewayError('CONFLICT', `"${path}" has its own ${lost.join(', ')}`, {
      hint: 'there can be only one: take yours out, or use --force to have it replaced until --undo',
    });
  const hooks = mergedHooks(path, settings['hooks'], ours['hooks'] as Hooks);
  return { ...file, value: { ...settings, ...ours, env: { ...env, ...(ours['env'] as JsonObject) }, hooks } };
};
