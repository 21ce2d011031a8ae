/** What botocore's own clients and endpoint rules say, from the programs in tools/. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Addressing, AwsRequest, SignedScope } from '../types.js';

export interface WrittenRequest {
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Of the credential scope: for a global service not the client's. */
  readonly region: string;
  readonly signingName: string;
}

/** botocore would not write it, or does not sign it by SigV4. */
export interface Unwritten {
  readonly service: string;
  readonly operation: string;
  readonly error?: string;
  readonly signingName?: null;
}

export interface ResolvedEndpoint {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly fips: boolean;
  readonly dualstack: boolean;
  readonly endpoint: { readonly host: string; readonly signing_name: string; readonly signing_region: string } | null;
}

const lines = async <T>(python: string, program: string, args: readonly string[]): Promise<readonly T[]> => {
  const file = fileURLToPath(new URL(`./tools/${program}`, import.meta.url));
  const child = spawn(python, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-2000)));
  const found: T[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(JSON.parse(line) as T);
  if ((await ended) !== 0) throw new Error(`${program} failed: ${complaint}`);
  return found;
};

const isWritten = (line: WrittenRequest | Unwritten): line is WrittenRequest => typeof line.signingName === 'string';

/** Two processes share the work. */
export const writtenRequests = async (python: string, args: readonly string[]): Promise<readonly WrittenRequest[]> => {
  const halves = ['0/2', '1/2'].map((shard) =>
    lines<WrittenRequest | Unwritten>(python, 'requests.py', [...args, '--shard', shard]),
  );
  return (await Promise.all(halves)).flat().filter(isWritten);
};

export const resolvedEndpoints = (python: string, regions: readonly string[]): Promise<readonly ResolvedEndpoint[]> =>
  lines(python, 'endpoints.py', regions);

/** The release that the interpreter has. */
export const releaseOf = (python: string): string =>
  spawnSync(python, ['-c', 'import botocore; print(botocore.__version__)'], { encoding: 'utf8' }).stdout.trim();

export const wireOf = ({ method, path, query, headers, body }: WrittenRequest): AwsRequest => ({
  method,
  path,
  query,
  headers,
  body: Buffer.from(body, 'base64'),
});

export const scopeOf = ({ region, signingName }: WrittenRequest): SignedScope => ({ region, signingName });

/** The bucket of a virtual host, as the gateway's listener would have it. */
export const addressingOf = ({ host, signingName }: WrittenRequest): Addressing => {
  const [, bucket] = /^(.+)\.s3\.[a-z0-9-]+\.amazonaws\.com$/.exec(host) ?? [];
  return bucket !== undefined && signingName === 's3' ? { bucket } : {};
};

/** botocore asks some services for an endpoint before it calls them: then that is the request. */
export const askedFor = ({ operation, headers }: WrittenRequest): string => {
  const target = headers.find(([name]) => name === 'x-amz-target')?.[1] ?? '';
  return target.endsWith('.DescribeEndpoints') ? 'DescribeEndpoints' : operation;
};
