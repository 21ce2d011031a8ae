/** Every service and operation of AWS, from data/operations.jsonl.gz: read once, each service parsed when it is first used. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { decodeOperation, decodeService, type OperationLine, type ServiceLine } from './decode.js';
import { type EndpointTable, loadEndpointTable } from './endpoint-table.js';
import type { OperationModel, ServiceModel } from './model.js';

export interface Catalogue {
  /** By botocore's name. */
  readonly services: ReadonlyMap<string, ServiceModel>;
  /** Those with requests that are signed under this name; empty where there are none. */
  readonly signedAs: (signingName: string) => readonly ServiceModel[];
  readonly operation: (service: string, operation: string) => OperationModel | undefined;
  readonly endpoints: EndpointTable;
}

const newline = 0x0a;

/** About 1.5 MB outside the heap and 20 ms; throws only where the file of this package is missing. */
export const loadCatalogue = (): Catalogue => {
  const lines = splitLines(gunzipSync(readFileSync(new URL('./data/operations.jsonl.gz', import.meta.url))));
  const index = parseLine<readonly ServiceLine[]>(lines[0]!);
  const services = new Map(
    index.map(
      (line, at) =>
        [
          line.name,
          decodeService(
            line,
            once(() => operationsOf(line, lines[at + 1]!)),
          ),
        ] as const,
    ),
  );
  const signed = bySigningName(services.values());
  const endpoints = once(loadEndpointTable);
  return {
    services,
    signedAs: (signingName) => signed.get(signingName) ?? [],
    operation: (service, operation) => services.get(service)?.operations.get(operation),
    get endpoints() {
      return endpoints();
    },
  };
};

const operationsOf = (service: ServiceLine, line: Buffer): ReadonlyMap<string, OperationModel> =>
  new Map(
    Object.entries(parseLine<Record<string, OperationLine>>(line)).map(([name, entry]) => [
      name,
      decodeOperation(service, name, entry),
    ]),
  );

const splitLines = (bytes: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start);
    const stop = end < 0 ? bytes.length : end;
    lines.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return lines;
};

const parseLine = <T>(line: Buffer): T => JSON.parse(line.toString('latin1')) as T;

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

const bySigningName = (services: Iterable<ServiceModel>): ReadonlyMap<string, readonly ServiceModel[]> => {
  const groups = new Map<string, ServiceModel[]>();
  for (const service of services) {
    for (const name of [service.signingName, ...service.otherSigningNames]) {
      const group = groups.get(name);
      if (group) group.push(service);
      else groups.set(name, [service]);
    }
  }
  return groups;
};
