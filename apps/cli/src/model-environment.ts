import { endpointUrl } from './aws/environment.js';
import { nodeTrust } from './aws/node-trust.js';
import type { ClientEnvironment } from './environment.js';
import { caFile, type Ticket } from './ticket.js';

/** A credential or an address of somebody else's that a client would use instead, or beside the ticket. */
const past = {
  anthropic: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_CUSTOM_HEADERS',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'CLAUDE_CODE_USE_BEDROCK',
    'CLAUDE_CODE_USE_VERTEX',
    'CLAUDE_CODE_USE_FOUNDRY',
  ],
  openai: ['OPENAI_ORG_ID', 'OPENAI_PROJECT_ID', 'OPENAI_ADMIN_KEY', 'AZURE_OPENAI_API_KEY', 'AZURE_OPENAI_ENDPOINT'],
} as const;

/** Node adds it to its own list. What Python and curl read would take the place of theirs, so that is left to people. */
const trust = (ticket: Ticket, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> => ({
  NODE_EXTRA_CA_CERTS: nodeTrust(caFile(ticket, env), env),
});

const without = (names: readonly string[], env: NodeJS.ProcessEnv): readonly string[] =>
  names.filter((name) => env[name] !== undefined);

/**
 * By which Anthropic's SDKs and Claude Code find the gateway. The ticket is valid for minutes: for Claude Code, which runs
 * for hours, `sallyport llm-token` is what its apiKeyHelper calls.
 */
export const anthropicEnvironment = (ticket: Ticket, env: NodeJS.ProcessEnv): ClientEnvironment => ({
  set: { ANTHROPIC_BASE_URL: endpointUrl(ticket), ANTHROPIC_AUTH_TOKEN: ticket.ticket, ...trust(ticket, env) },
  unset: without(past.anthropic, env),
});

/** By which OpenAI's SDKs find the gateway; Codex reads its own file and takes the ticket from `OPENAI_API_KEY`. */
export const openAiEnvironment = (ticket: Ticket, env: NodeJS.ProcessEnv): ClientEnvironment => ({
  set: { OPENAI_BASE_URL: `${endpointUrl(ticket)}/v1`, OPENAI_API_KEY: ticket.ticket, ...trust(ticket, env) },
  unset: without(past.openai, env),
});
