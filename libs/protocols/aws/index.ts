import type { Protocol } from '@sallyport/engine';

/** Every API of AWS, over HTTP/1.1 and HTTP/2, signed by SigV4. Each half is loaded only where it is hosted. */
export const aws: Protocol = {
  name: 'aws',
  clientSide: async () => (await import('./client-side.js')).createAwsClientSide(),
  targetSide: async () => (await import('./target-side.js')).createAwsTargetSide(),
};
