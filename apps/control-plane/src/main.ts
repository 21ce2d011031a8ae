import { GatewayError } from '@sallyport/core';
import { expectPassingBytes } from '@sallyport/tunnel';
import { startControlPlane } from './control-plane.js';
import { parseConfiguration } from './platform/config.js';
import { Log } from './platform/logging/log.js';

async function main(): Promise<void> {
  const configuration = parseConfiguration(process.env);
  const log = Log.at(configuration.logLevel);
  const controlPlane = await startControlPlane(configuration, { log });
  expectPassingBytes();
  const stop = (signal: NodeJS.Signals): void => {
    log.info('control-plane.stopping', { signal });
    controlPlane.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('control-plane.stop-failed', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  const { message, hint, cause } =
    error instanceof GatewayError ? error : { message: String(error), hint: undefined, cause: error };
  process.stderr.write(`sallyport control plane: ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`);
  if (cause instanceof Error) process.stderr.write(`cause: ${cause.message}\n`);
  process.exit(1);
});
