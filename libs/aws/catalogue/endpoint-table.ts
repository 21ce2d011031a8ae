/** data/endpoints.json.gz, which tools/build_endpoints.py writes and describes; read when an endpoint is first asked for. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Partition {
  readonly suffix: string;
  readonly dualStackSuffix: string;
  readonly regions: readonly string[];
}

/** `host`, or `host|signing name|signing region`; empty where there is no endpoint. */
export type Template = string;

type Exceptions = Readonly<Record<string, Template>>;

/** What most regions have, then by partition, then by region. */
export type Templates = readonly [most: Template, partitions?: Exceptions, regions?: Exceptions];

export interface EndpointGroup {
  /** Plain, FIPS, dual-stack, both. */
  readonly v: readonly [Templates, Templates, Templates, Templates];
  /** The operations that it is for; absent in the first one, which is for the rest. */
  readonly o?: readonly string[];
}

export interface EndpointTable {
  /** The release that it is built from. */
  readonly botocore: string;
  readonly partitions: Readonly<Record<string, Partition>>;
  readonly services: Readonly<Record<string, readonly EndpointGroup[]>>;
}

export const loadEndpointTable = (): EndpointTable => {
  const file = new URL('./data/endpoints.json.gz', import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(file)).toString('latin1')) as EndpointTable;
};
