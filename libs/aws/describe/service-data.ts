/** What the build step found out about each operation; read when a service is first used. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** [index of the ARN template, 1 where the action wants such a resource, members that name each part of it] */
export type ResourceEntry = readonly [template: number, wanted: 0 | 1, ...paths: (readonly string[])[]];

/** Keys are single letters: the files have one line for each of AWS's operations. */
export interface OperationData {
  /** Access level of its actions: read, write (tagging too), permissions; empty where IAM does not know it. */
  readonly l: 'r' | 'w' | 'p' | '';
  /** Actions, where they are not `prefix:Operation`. */
  readonly a?: readonly string[];
  /** IAM has no such action. */
  readonly u?: 1;
  readonly r?: readonly ResourceEntry[];
  /** Members that hold the ARN of whatever it is about. */
  readonly g?: readonly string[];
  /** Members that hand a role to the service. */
  readonly p?: readonly string[];
  /** Names of input members that are secret. */
  readonly s?: readonly string[];
  /** Its answer has members that are named like a secret (1) or like a credential that works elsewhere (2). */
  readonly c?: 1 | 2;
  /** Its body is an object's bytes or a stream of events, not parameters. */
  readonly b?: 1;
  /** It can be asked whether it would be allowed. */
  readonly d?: 1;
  /** HTTP method, where it is not POST. */
  readonly m?: string;
}

export interface ServiceData {
  readonly prefix: string;
  readonly templates: readonly string[];
  readonly operations: Readonly<Record<string, OperationData>>;
}

const newline = 0x0a;

/** About 1.7 MB outside the heap; throws only where the file of this package is missing. */
const readLines = (): Map<string, Uint8Array> => {
  const bytes = gunzipSync(readFileSync(new URL('./data/iam.jsonl.gz', import.meta.url)));
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(newline, at);
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  const names = parseLine<readonly string[]>(lines[0]!);
  return new Map(names.map((name, at) => [name, lines[at + 1]!]));
};

const parseLine = <T>(line: Uint8Array): T => JSON.parse(Buffer.from(line).toString('utf8')) as T;

let lines: Map<string, Uint8Array> | undefined;
const kept = new Map<string, ServiceData>();
/** Of the services that were asked for last: a client that goes through all of them must not fill the heap. */
const mostKept = 64;

/** @returns undefined where the models have no such service */
export const serviceData = (service: string): ServiceData | undefined => {
  const known = kept.get(service);
  if (known !== undefined) return known;
  lines ??= readLines();
  const line = lines.get(service);
  if (line === undefined) return undefined;
  if (kept.size >= mostKept) kept.delete(kept.keys().next().value!);
  const parsed = parseLine<ServiceData>(line);
  kept.set(service, parsed);
  return parsed;
};

/** Every service that there is data of. */
export const describedServices = (): string[] => [...(lines ??= readLines()).keys()];

export const operationData = (service: string, operation: string): OperationData | undefined => {
  const operations = serviceData(service)?.operations;
  return operations !== undefined && Object.hasOwn(operations, operation) ? operations[operation] : undefined;
};
