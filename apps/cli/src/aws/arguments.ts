import { GatewayError } from '@sallyport/core';

/** Options of `aws` by which a call, or the credential on it, would go elsewhere than to the gateway. */
const detours = ['--endpoint-url', '--ca-bundle', '--no-verify-ssl'] as const;

// `aws` takes any beginning of an option that is one option's only.
const shortest = '--e'.length;

/** @throws INVALID_INPUT where one of them is given */
export const refuseDetours = (args: readonly string[]): void => {
  for (const argument of args) {
    const name = argument.split('=', 1)[0]!;
    const detour = name.length >= shortest && detours.find((option) => option.startsWith(name));
    if (detour)
      throw new GatewayError('INVALID_INPUT', `"${argument}" would lead past the gateway`, {
        hint: `leave ${detour} out: sallyport aws sets it`,
      });
  }
};

/** A call may wait for a reviewer; one that the client gives up on, it would send again. */
const readTimeoutSeconds = 3600;

/** @param endpoint undefined where the gateway is the proxy; older versions of `aws` know it from an option only */
export const ownArguments = (endpoint: string | undefined): string[] => [
  ...(endpoint ? ['--endpoint-url', endpoint] : []),
  '--cli-read-timeout',
  String(readTimeoutSeconds),
];
