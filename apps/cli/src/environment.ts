import { GatewayError } from '@sallyport/core';
import { type AwsOptions, awsEnvironment } from './aws/environment.js';
import type { World } from './cli.js';
import { anthropicEnvironment, openAiEnvironment } from './model-environment.js';
import { type PostgresOptions, postgresEnvironment } from './postgres-environment.js';
import { quoted } from './quoted.js';
import type { Ticket, TurnOptions } from './ticket.js';

/** By which a client finds the gateway. */
export interface ClientEnvironment {
  readonly set: Readonly<Record<string, string>>;
  /** What must not be there: it would lead the client past the gateway, or have it sign with another key. */
  readonly unset: readonly string[];
}

/** Where a client is set up: the surroundings, and the control plane that its tickets come from. */
export interface Place {
  readonly world: World;
  readonly url: string;
}

export type EnvironmentOptions = TurnOptions & PostgresOptions & AwsOptions;

interface Kind {
  /** Options that mean nothing to it. */
  readonly strange: readonly (keyof EnvironmentOptions)[];
  readonly environment: (ticket: Ticket, options: EnvironmentOptions, place: Place) => ClientEnvironment;
}

const ofOthers = ['proxy', 'region', 'database'] as const;

const kinds: Readonly<Record<string, Kind>> = {
  postgres: {
    strange: ['proxy', 'region'],
    environment: (ticket, { database }, { world }) => postgresEnvironment(ticket, database, world.env),
  },
  aws: { strange: ['database'], environment: awsEnvironment },
  anthropic: {
    strange: ofOthers,
    environment: (ticket, _options, { world }) => anthropicEnvironment(ticket, world.env),
  },
  openai: { strange: ofOthers, environment: (ticket, _options, { world }) => openAiEnvironment(ticket, world.env) },
};

export const environmentOf = (ticket: Ticket, options: EnvironmentOptions, place: Place): ClientEnvironment => {
  const kind = kinds[ticket.protocol];
  if (!kind)
    throw new GatewayError(
      'UNSUPPORTED',
      `connections of the protocol "${ticket.protocol}" are not supported by this version`,
      { hint: 'use a newer sallyport' },
    );
  const strange = kind.strange.find((name) => options[name] !== undefined);
  if (strange)
    throw new GatewayError('INVALID_INPUT', `a connection of the protocol "${ticket.protocol}" has no "--${strange}"`);
  return kind.environment(ticket, options, place);
};

/** The environment for a program that runs with it. */
export const applied = ({ set, unset }: ClientEnvironment, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const without = new Set(unset);
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !without.has(name))), ...set };
};

/** As statements for a shell. */
export const statements = ({ set, unset }: ClientEnvironment): string =>
  (unset.length ? `unset ${unset.join(' ')}\n` : '') +
  Object.entries(set)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('');

/** As lines of a file, where nothing can be unset. */
export const assignments = ({ set }: ClientEnvironment): string =>
  Object.entries(set)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
