import { readFileSync } from 'node:fs';
import { GatewayError } from '@sallyport/core';
import type { Api } from '../api.js';
import { endpointUrl } from '../aws/environment.js';
import { type ModelProtocol, modelConnection } from '../commands/model-access.js';
import { pathOf } from '../options.js';
import { caOf, newTicket } from '../ticket.js';

/** The gateway as a client of a model's API reaches it. */
export interface ModelGateway {
  readonly connection: string;
  /** https://host:port */
  readonly baseUrl: string;
  /** PEM. */
  readonly ca: string;
}

export interface GatewayOptions {
  readonly connection?: string;
  /** The next two together: for machines that are set up before anybody has logged in. */
  readonly baseUrl?: string;
  readonly caFile?: string;
}

const given = ({ connection, baseUrl, caFile }: Required<GatewayOptions>): ModelGateway => {
  if (!/^https:\/\/[^/\s'"]+$/.test(baseUrl))
    throw new GatewayError('INVALID_INPUT', `"${baseUrl}" is no address of the gateway`, {
      hint: 'write it as https://host:port',
    });
  try {
    return { connection, baseUrl, ca: readFileSync(caFile, 'utf8') };
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `"${caFile}" cannot be read`, { cause });
  }
};

/** Asks for a ticket, which says where the gateway is and that the person may use it, and gives it back. */
export const modelGateway = async (
  api: Api,
  protocol: ModelProtocol,
  { connection, baseUrl, caFile }: GatewayOptions,
  env: NodeJS.ProcessEnv,
): Promise<ModelGateway> => {
  if (baseUrl || caFile) {
    if (connection && baseUrl && caFile) return given({ connection, baseUrl, caFile });
    throw new GatewayError('INVALID_INPUT', '--base-url, --ca-file and --connection go together');
  }
  const name = connection ?? (await modelConnection(api, protocol, env));
  const ticket = await newTicket(api, name);
  await api.send('DELETE', pathOf('/v1/tickets', ticket.id));
  if (ticket.protocol !== protocol)
    throw new GatewayError('INVALID_INPUT', `"${name}" is a connection of the protocol "${ticket.protocol}"`, {
      hint: `name one of the protocol "${protocol}" with --connection`,
    });
  return { connection: name, baseUrl: endpointUrl(ticket), ca: caOf(ticket) };
};
