import { defaultPortBase, type Options } from './options.js';
import { bold, line } from './print.js';
import { cloudConnection, connection } from './setup.js';

/** How to go on by hand. */
export const handOver = ({ ports }: Options, directory: string): void => {
  const url = `http://127.0.0.1:${ports.api}`;
  const at = ports.api === defaultPortBase ? '' : ` --url ${url}`;
  line();
  line(bold('Everything is still running. By hand:'));
  line(`  log in     npx sallyport login${at}      then open the address it shows, and type a name:`);
  line('             ada (engineer), ravi (reviewer), grace (admin, auditor); there are no passwords');
  line(`  psql       npx sallyport psql${at} ${connection}`);
  line(`             or any client:  eval "$(npx sallyport connect${at} ${connection})" && psql`);
  line(
    `             which is: host 127.0.0.1, port ${ports.postgres}, user ${connection}, the ticket as password, TLS verified`,
  );
  line(`  aws        npx sallyport aws${at} ${cloudConnection} s3 ls      with the AWS CLI, where there is one`);
  line(`             or any SDK:  npx sallyport connect${at} ${cloudConnection} --exec -- node program.js`);
  line(`  review     npx sallyport reviews list${at}      as ravi`);
  line(`  API        ${url}      described at ${url}/v1/openapi.json`);
  line(`  issuer     http://127.0.0.1:${ports.issuer}      for development only`);
  line(`  data, logs ${directory}`);
  line();
  line('Ctrl-C stops everything. The next start uses the same data.');
};
