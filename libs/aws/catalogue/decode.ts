/** The lines of data/operations.jsonl.gz, which tools/build.py writes; their short keys are spelt out here only. */
import type { WireProtocol } from '../types.js';
import type { Located, OperationModel, Payload, PayloadKind, ServiceModel } from './model.js';

export interface ServiceLine {
  readonly name: string;
  readonly id: string;
  readonly signing: string;
  readonly also?: readonly string[];
  readonly endpoint: string;
  readonly protocols: readonly WireProtocol[];
  readonly target?: string;
  readonly json?: string;
  readonly versions: readonly string[];
  readonly queryCompatible?: true;
  readonly signature: string;
  readonly namespace?: string;
  readonly h2?: 'optional' | 'eventstream';
}

export interface OperationLine {
  /** `GET /path`; absent for `POST /`. */
  readonly u?: string;
  readonly l?: Readonly<Record<string, string>>;
  readonly q?: readonly string[];
  readonly h?: readonly string[];
  readonly p?: string;
  readonly b?: 1;
  readonly x?: Readonly<Record<string, string>>;
  readonly o?: string;
  readonly a?: 'none' | 'unsigned-body';
  /** The signing name, where it is not the service's. */
  readonly s?: string;
  readonly e?: string;
  readonly c?: readonly [member: string, required: 0 | 1] | 1;
  readonly z?: 1;
  readonly w?: string;
  readonly d?: 1;
  readonly r?: 1;
  readonly y?: OperationLine;
}

export const decodeService = (
  line: ServiceLine,
  operations: () => ReadonlyMap<string, OperationModel>,
): ServiceModel => ({
  name: line.name,
  serviceId: line.id,
  signingName: line.signing,
  otherSigningNames: line.also ?? [],
  endpointPrefix: line.endpoint,
  protocols: line.protocols,
  ...(line.target !== undefined && { targetPrefix: line.target }),
  ...(line.json !== undefined && { jsonVersion: line.json }),
  apiVersion: line.versions.at(-1)!,
  apiVersions: line.versions,
  queryCompatible: line.queryCompatible ?? false,
  signatureVersion: line.signature,
  ...(line.namespace !== undefined && { xmlNamespace: line.namespace }),
  ...(line.h2 !== undefined && { http2: line.h2 }),
  get operations() {
    return operations();
  },
});

export const decodeOperation = (service: ServiceLine, name: string, line: OperationLine): OperationModel => {
  const http = line.u ?? 'POST /';
  const space = http.indexOf(' ');
  return {
    name,
    method: http.slice(0, space),
    uri: http.slice(space + 1),
    labels: line.l ?? nothing,
    query: decodeAll(line.q),
    headers: decodeAll(line.h),
    ...(line.p !== undefined && { payload: decodePayload(line.p) }),
    membersInBody: line.b === 1 && line.p === undefined,
    clashes: line.x ?? nothing,
    ...(line.o !== undefined && { output: decodePayload(line.o) }),
    auth: line.a ?? 'signed',
    signingName: line.s ?? service.signing,
    ...(line.e !== undefined && { hostPrefix: line.e }),
    ...(line.c !== undefined && { checksum: decodeChecksum(line.c) }),
    compresses: line.z === 1,
    resultWrapper: line.w ?? `${name}Result`,
    deprecated: line.d === 1,
    ...(line.y !== undefined && { older: decodeOperation(service, name, line.y) }),
    readonly: line.r === 1,
  };
};

// Shared by the many operations that have none: all of AWS is to fit into a few megabytes.
const nothing: Readonly<Record<string, string>> = {};
const nowhere: readonly Located[] = [];

const decodeAll = (texts: readonly string[] | undefined): readonly Located[] => texts?.map(decodeLocated) ?? nowhere;

const decodeChecksum = (trait: NonNullable<OperationLine['c']>): NonNullable<OperationModel['checksum']> =>
  trait === 1 ? { required: true } : { algorithmMember: trait[0], required: trait[1] === 1 };

const decodePayload = (text: string): Payload => {
  const [member = '', kind, flags = ''] = text.split(':');
  return { member, kind: kind as PayloadKind, streams: flags !== '', eventStream: flags.includes('e') };
};

const shapes = { l: 'list', m: 'map', p: 'prefix' } as const;

const decodeLocated = (text: string): Located => {
  const [wire = '', member = '', flags = ''] = text.split(':');
  const mark = ([...flags] as (keyof typeof shapes)[]).find((flag) => flag in shapes);
  return { wire, member: member || wire, required: flags.includes('r'), shape: mark ? shapes[mark] : 'one' };
};
