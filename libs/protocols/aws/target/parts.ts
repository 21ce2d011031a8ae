/** What the target side is made of that other rooms provide. */
import type { Addressing, AwsRequest, Identification, SignedScope } from '@sallyport/aws';
import type { AwsCredential } from '@sallyport/engine';
import type { Header } from './header-list.js';
import type { MaskingOf } from '../masking/types.js';

export interface UpstreamHost {
  readonly host: string;
  readonly global: boolean;
}

export interface SignOptions {
  readonly region: string;
  readonly service: string;
  readonly now: Date;
  readonly payload: string;
}

export interface SignedRequest {
  readonly query: string;
  readonly headers: readonly Header[];
}

export type BodyNeed =
  | { readonly read: 'whole' }
  | { readonly read: 'stream' }
  | { readonly read: 'none'; readonly reason: string };

export interface Parts {
  readonly maskingOf: MaskingOf;
  needsBody(request: Omit<AwsRequest, 'body'>, scope: SignedScope, addressing: Addressing): BodyNeed;
  identify(request: AwsRequest, scope: SignedScope, addressing: Addressing): Identification;
  endpointOf(service: string, region: string, options: { fips: boolean; dualstack: boolean }): UpstreamHost | undefined;
  sign(
    request: Pick<AwsRequest, 'method' | 'path' | 'query' | 'headers'>,
    credential: AwsCredential,
    options: SignOptions,
  ): SignedRequest;
}
