/** The catalogue's entries, as the rest of the product reads them. */
import type { WireProtocol } from '../types.js';

export interface ServiceModel {
  /** botocore's name of the model: `dynamodb`, `elbv2`. */
  readonly name: string;
  /** `Elastic Load Balancing v2`: SDKs make the names of settings from it. */
  readonly serviceId: string;
  readonly signingName: string;
  /** Of single operations: `s3express` of S3. */
  readonly otherSigningNames: readonly string[];
  readonly endpointPrefix: string;
  /** The one that new clients speak comes first. */
  readonly protocols: readonly WireProtocol[];
  /** In front of the dot of X-Amz-Target, and the service's name in a path of rpc-v2-cbor. */
  readonly targetPrefix?: string;
  readonly jsonVersion?: string;
  readonly apiVersion: string;
  /** With the older ones that botocore has models of. */
  readonly apiVersions: readonly string[];
  /** Answers the query protocol of older clients too. */
  readonly queryCompatible: boolean;
  /** `v4`, or `s3`, `s3v4`, `v2`, `bearer`. */
  readonly signatureVersion: string;
  readonly xmlNamespace?: string;
  /** Whether clients speak HTTP/2: for every call, or for those with event streams. */
  readonly http2?: 'optional' | 'eventstream';
  /** By name; parsed at the first look. */
  readonly operations: ReadonlyMap<string, OperationModel>;
}

export type PayloadKind = 'blob' | 'string' | 'structure';

/** The member that is the whole body. */
export interface Payload {
  readonly member: string;
  readonly kind: PayloadKind;
  /** Of any length: never read whole. */
  readonly streams: boolean;
  readonly eventStream: boolean;
}

/** A member that travels in the query string or in a header. */
export interface Located {
  /** Key of the query, or name of the header in lower case. */
  readonly wire: string;
  readonly member: string;
  readonly required: boolean;
  /** `list`: may repeat; `map`: takes every key that nobody else does; `prefix`: every header that begins so. */
  readonly shape: 'one' | 'list' | 'map' | 'prefix';
}

export interface OperationModel {
  readonly name: string;
  readonly method: string;
  /** As modelled: `/{Bucket}/{Key+}?acl`. */
  readonly uri: string;
  /** Label of the path → member, where the names differ. */
  readonly labels: Readonly<Record<string, string>>;
  readonly query: readonly Located[];
  readonly headers: readonly Located[];
  readonly payload?: Payload;
  /** Members of the input travel in the body, without one that is the whole body. */
  readonly membersInBody: boolean;
  /** Key of the body → member, where a member of the key's name travels elsewhere. */
  readonly clashes: Readonly<Record<string, string>>;
  readonly output?: Payload;
  /** `none`: called without a signature; `unsigned-body`: the signature leaves the body out. */
  readonly auth: 'signed' | 'none' | 'unsigned-body';
  readonly signingName: string;
  /** In front of the endpoint's host, with labels: `{AccountId}.`. */
  readonly hostPrefix?: string;
  readonly checksum?: { readonly algorithmMember?: string; readonly required: boolean };
  /** Clients may send the body compressed by gzip. */
  readonly compresses: boolean;
  /** The element around the result in the query protocol; empty where there is none. */
  readonly resultWrapper: string;
  readonly deprecated: boolean;
  /** As older clients send it, to another path. */
  readonly older?: OperationModel;
  /** The model says so; most readers are not marked. */
  readonly readonly: boolean;
}
