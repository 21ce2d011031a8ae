import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { type Api } from '../api.js';
import { command, type Invocation } from '../cli.js';
import { newTicket } from '../ticket.js';
import { witnessToken } from '../witness-token.js';

interface Connection {
  readonly name: string;
  readonly protocol: string;
}

/** Protocols of models, and the variable that chooses a connection among several. */
const choice = { anthropic: 'SALLYPORT_ANTHROPIC', openai: 'SALLYPORT_OPENAI' } as const;
export type ModelProtocol = keyof typeof choice;

export const modelProtocols = Object.keys(choice) as readonly ModelProtocol[];

/** The model connection that is meant where none is named. @throws INVALID_INPUT where that cannot be told */
export const modelConnection = async (api: Api, protocol: ModelProtocol, env: NodeJS.ProcessEnv): Promise<string> => {
  const chosen = env[choice[protocol]];
  if (chosen) return chosen;
  const names = (await api.all<Connection>('/v1/connections'))
    .filter((each) => each.protocol === protocol)
    .map(({ name }) => name);
  if (names.length === 1) return names[0]!;
  throw new GatewayError(
    'INVALID_INPUT',
    names.length === 0
      ? `you have no connection of the protocol "${protocol}"`
      : `you have several connections of the protocol "${protocol}": ${names.join(', ')}`,
    { hint: names.length === 0 ? 'ask an administrator for one' : `name one, or set ${choice[protocol]}` },
  );
};

const protocolOf = (given: string): ModelProtocol => {
  const protocol = modelProtocols.find((each) => each === given);
  if (protocol) return protocol;
  throw new GatewayError('INVALID_INPUT', `"${given}" is no protocol of a model`, {
    hint: `choose ${modelProtocols.join(' or ')}`,
  });
};

export const addModelAccess = (program: Command): void => {
  command(
    program,
    'llm-token [connection]',
    'print a fresh ticket for a model’s connection, and nothing else (apiKeyHelper of Claude Code)',
    async ({ api, options, world }: Invocation<{ protocol: string }>, named) => {
      const connection = named ?? (await modelConnection(api, protocolOf(options.protocol), world.env));
      const { protocol, ticket } = await newTicket(api, connection);
      protocolOf(protocol);
      world.out(`${ticket}\n`);
    },
  ).option('--protocol <name>', 'which model’s connection, where none is named', 'anthropic');

  command(
    program,
    'otel-headers',
    'print the headers for telemetry (otelHeadersHelper of Claude Code)',
    async ({ api, options, world }: Invocation<{ client: string }>) => {
      const { token } = await witnessToken(api, options.client, world.env, Date.now());
      world.out(`${JSON.stringify({ Authorization: `Bearer ${token}` })}\n`);
    },
  ).option('--client <name>', 'whose telemetry', 'claude-code');
};
