import { botocoreProfile, profile } from '../aws/configuration.js';
import { botocoreLead } from '../aws/credentials.js';
import { byConfiguration, directly, endpointUrl } from '../aws/environment.js';
import { detours } from '../aws/variables.js';
import type { ClientEnvironment, Place } from '../environment.js';
import { caFile, type Ticket } from '../ticket.js';
import type { CallDirectory } from './call-directory.js';
import { defaultOf } from './default-connection.js';

/**
 * A configuration with a profile for each connection, and the default. The tickets lie beside it: a client gets them
 * by its credential process, which asks for new ones where a call outlives them.
 */
export const awsCallEnvironment = (
  tickets: readonly Ticket[],
  directory: CallDirectory,
  { world: { env, program }, url }: Place,
): ClientEnvironment => {
  for (const ticket of tickets) directory.keepTicket(ticket);
  const chosen = defaultOf(tickets, env['SALLYPORT_AWS']);
  const [first] = tickets as [Ticket]; // all of them lead to the gateway's one listener for AWS
  const ca = caFile(first, env);
  const endpoint = endpointUrl(first);
  const section = (title: string, lead: number, { connection, aws }: Ticket): string =>
    profile(title, lead, {
      connection,
      program,
      url,
      ca,
      endpoint,
      region: aws?.region ?? undefined,
      call: directory.path,
    });
  const sections = [
    ...(chosen ? [section('default', 0, chosen), section(`profile ${botocoreProfile}`, botocoreLead, chosen)] : []),
    ...(chosen ? [] : ['[default]\n', `[profile ${botocoreProfile}]\n`]), // no credential: rather none than the wrong one
    ...tickets
      .filter(({ connection }) => !reserved.has(connection))
      .map((ticket) => section(`profile ${ticket.connection}`, 0, ticket)),
  ];
  const region = tickets.length === 1 ? (first.aws?.region ?? undefined) : undefined; // it would go before a profile's
  const set = {
    ...byConfiguration(directory.write('aws.config', sections.join('\n')), ca, region, env),
    ...directly(endpoint, first.endpoint.host, env),
  };
  return { set, unset: detours(env, { proxy: false }).filter((name) => !(name in set)) };
};

const reserved: ReadonlySet<string> = new Set(['default', botocoreProfile]);
