import type { Command } from 'commander';
import { processCredentials } from '../aws/credentials.js';
import { command, type Invocation } from '../cli.js';
import { CallDirectory } from '../exec/call-directory.js';
import { ticketOfCall } from '../exec/tickets.js';
import { integer } from '../options.js';
import { assertSpeaks, newTicket, type TurnOptions } from '../ticket.js';
import { claimsOf, withTurn } from './connect.js';

interface CredentialsOptions extends TurnOptions {
  readonly renewalLead: number;
  readonly call?: string;
}

export const addAwsCredentials = (program: Command): void => {
  const credentials = command(
    program,
    'aws-credentials <connection>',
    'print a fresh ticket as AWS clients ask for it (credential_process)',
    async (invocation: Invocation<CredentialsOptions>, name = '') => {
      const { api, options, world } = invocation;
      const ticket = options.call
        ? await ticketOfCall(new CallDirectory(options.call), name, api)
        : await newTicket(api, name, claimsOf(invocation));
      assertSpeaks('aws', ticket);
      world.out(`${JSON.stringify(processCredentials(ticket, options.renewalLead, Date.now()))}\n`);
    },
  );
  withTurn(credentials)
    .option(
      '--renewal-lead <seconds>',
      'how long before the expiration the client renews by itself (botocore: 900)',
      integer,
      0,
    )
    .option('--call <directory>', 'of sallyport exec: use the tool call’s own ticket while it lasts')
    .addHelpText(
      'after',
      '\nThe files that sallyport connect writes name it. Environment: SALLYPORT_AI_SESSION, SALLYPORT_TURN, SALLYPORT_TOOL_CALL and SALLYPORT_TICKET_TTL stand for the options.',
    );
};
