import type { Command } from 'commander';
import { ownArguments, refuseDetours } from '../aws/arguments.js';
import { type AwsOptions, awsEnvironment, endpointUrl, forBotocore } from '../aws/environment.js';
import { runProgram } from '../child.js';
import { command, type Invocation } from '../cli.js';
import { applied } from '../environment.js';
import { assertSpeaks, newTicket, type TurnOptions } from '../ticket.js';
import { claimsOf, withoutDashes, withTurn } from './connect.js';

const missing = 'install it (apt-get install awscli), or use another client with: sallyport connect <connection>';

export const addAws = (program: Command): void => {
  const aws = command(
    program,
    'aws <connection> [args...]',
    'run the AWS CLI; what follows the connection is for aws',
    async (call: Invocation<TurnOptions & AwsOptions>, name, ...args) => {
      const given = withoutDashes(args);
      refuseDetours(given);
      const claims = claimsOf(call);
      const ticket = await newTicket(call.api, name, claims);
      assertSpeaks('aws', ticket);
      const environment = forBotocore(awsEnvironment(ticket, claims, { world: call.world, url: call.api.url }));
      const own = ownArguments(call.options.proxy ? undefined : endpointUrl(ticket));
      return runProgram('aws', [...own, ...given], applied(environment, call.world.env), missing);
    },
  );
  withTurn(aws)
    .option('--proxy', 'use the gateway as an HTTPS proxy: calls keep AWS’s own host names')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExample:\n  sallyport aws staging s3 ls s3://reports --region eu-west-1\n  sallyport aws --proxy staging sts get-caller-identity',
    );
};
