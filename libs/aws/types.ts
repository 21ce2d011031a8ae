/** What the parts of this package hand one another; pure values. */
import type { Facts, Risk } from '@sallyport/core';

/**
 * One HTTP request to an AWS API as it came over the wire: nothing decoded, nothing normalised. Both gates describe the
 * same value, each for itself.
 */
export interface AwsRequest {
  readonly method: string;
  /** As on the request line, without the query; percent-encoding as the client wrote it. */
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  /** Lower-case names in wire order, duplicates kept; values trimmed. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The whole body (transfer and aws-chunked encoding removed), where it was read for inspection; undefined where it streams. */
  readonly body?: Uint8Array;
}

/** The credential scope that a request was signed for, after the signature has been verified. */
export interface SignedScope {
  readonly region: string;
  /** The service part of the scope: the signing name. */
  readonly signingName: string;
}

/** How a client addressed the gateway, beyond the request itself. */
export interface Addressing {
  /** The bucket that stood in the host name (virtual-host style), where one did. */
  readonly bucket?: string;
  /** The name of the endpoint that the client used, where it names a service: a hint between models that share a signing name. */
  readonly service?: string;
}

export const wireProtocols = ['json', 'query', 'ec2', 'rest-json', 'rest-xml', 'rpc-v2-cbor'] as const;
export type WireProtocol = (typeof wireProtocols)[number];

/** An operation of the catalogue: `dynamodb` and `GetItem`. The service is botocore's name of the model. */
export interface OperationName {
  readonly service: string;
  readonly operation: string;
}

export interface Identified extends OperationName {
  readonly identified: true;
  readonly protocol: WireProtocol;
  /**
   * What was asked, by wire names: a JSON or CBOR body as it is; a query body as flat text (`InstanceId.1`); labels of
   * the path, modelled query keys and headers under their member's name. Blob payloads are not in it.
   */
  readonly input: Readonly<Record<string, unknown>>;
  /** Every operation that the request may be, the named one first: more than one where the wire cannot tell. */
  readonly candidates: readonly OperationName[];
}

export interface Unidentified {
  readonly identified: false;
  /** In words, for people: `no operation of s3 has this path`. */
  readonly reason: string;
}

export type Identification = Identified | Unidentified;

/** What an AWS call does, before it does it. */
export interface AwsDescription {
  readonly risk: Risk;
  /** IAM actions that it needs, `prefix:Action`: of every candidate. */
  readonly actions: readonly string[];
  /** ARNs that it names; with `*` in the parts that are not known. Bounded: see the flag `resources-cut`. */
  readonly resources: readonly string[];
  /** In one line, as a reviewer reads it: secrets in parameters are hidden already. */
  readonly text: string;
  /** The context of the Cedar action `aws.call`, beyond what every operation has. */
  readonly facts: Facts;
}
