import type { Encoding } from './otlp-encoding.js';
import { malformed, tooManyParts } from './otlp-errors.js';
import { requests, type Signal } from './otlp-messages.js';
import { type Members, mostParts, readProtobuf } from './protobuf-reader.js';

/** A log record or a span, in whatever it was written. */
export interface OtlpRecord {
  /** Where its name may be: exporters differ. */
  readonly names: readonly string[];
  /** Those that are text. */
  readonly attributes: ReadonlyMap<string, string>;
  /** `service.name` of what sends it. */
  readonly service?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  /** By the client's clock. */
  readonly at?: Date;
}

export interface OtlpRecords {
  readonly records: readonly OtlpRecord[];
  /** Those beyond the bound. */
  readonly left: number;
}

export const mostRecords = 5_000;

/** @throws GatewayError INVALID_INPUT, TOO_LARGE */
export function otlpRecords(body: Buffer, encoding: Encoding, signal: Signal): OtlpRecords {
  const request = encoding === 'json' ? parsed(body) : readProtobuf(body, requests[signal]);
  if (signal === 'metrics') return { records: [], left: 0 };
  const [outer, middle, inner] =
    signal === 'logs' ? ['resourceLogs', 'scopeLogs', 'logRecords'] : ['resourceSpans', 'scopeSpans', 'spans'];
  const records: OtlpRecord[] = [];
  let left = 0;
  for (const group of listOf(request, outer)) {
    const service = attributesOf(memberOf(group, 'resource')).get('service.name');
    for (const scope of listOf(group, middle))
      for (const record of listOf(scope, inner))
        if (records.length < mostRecords) records.push(recordOf(record, service));
        else left += 1;
  }
  return { records, left };
}

const openings = new Set(Buffer.from('{['));

function parsed(body: Buffer): Members {
  let parts = 0;
  for (const byte of body) if (openings.has(byte)) parts += 1;
  if (parts > mostParts) throw tooManyParts();
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw malformed('the body is not JSON');
  }
  return membersOf(value);
}

function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('the body is no OTLP request');
  return value as Members;
}

function listOf(members: Members, name: string): Members[] {
  const value = members[name] ?? [];
  if (!Array.isArray(value)) throw malformed('the body is no OTLP request');
  return value.map(membersOf);
}

const memberOf = (members: Members, name: string): Members => membersOf(members[name] ?? {});

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function attributesOf(members: Members): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const attribute of listOf(members, 'attributes')) {
    const [key, value] = [textOf(attribute['key']), textOf(memberOf(attribute, 'value')['stringValue'])];
    if (key !== undefined && value !== undefined) attributes.set(key, value);
  }
  return attributes;
}

function recordOf(record: Members, service: string | undefined): OtlpRecord {
  const attributes = attributesOf(record);
  const names = [
    record['eventName'],
    record['name'],
    memberOf(record, 'body')['stringValue'],
    attributes.get('event.name'),
  ];
  const traceId = hexOf(record['traceId'], 32);
  const spanId = hexOf(record['spanId'], 16);
  const at =
    timeOf(record['timeUnixNano']) ?? timeOf(record['startTimeUnixNano']) ?? timeOf(record['observedTimeUnixNano']);
  return {
    names: names.flatMap((name) => textOf(name) ?? []),
    attributes,
    ...(service === undefined ? {} : { service }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
    ...(at === undefined ? {} : { at }),
  };
}

/** An id of zeros is none. */
function hexOf(value: unknown, length: number): string | undefined {
  const digits = textOf(value)?.toLowerCase();
  return digits?.length === length && /^[0-9a-f]+$/.test(digits) && !/^0+$/.test(digits) ? digits : undefined;
}

/** JSON has 64-bit numbers as text; some exporters write them as numbers. */
function timeOf(value: unknown): Date | undefined {
  if (typeof value === 'number') return dateOf(value / 1e6);
  return typeof value === 'string' && /^[0-9]{1,20}$/.test(value) ? dateOf(Number(value) / 1e6) : undefined;
}

/** No time is told as 0. */
const dateOf = (milliseconds: number): Date | undefined =>
  milliseconds > 0 && milliseconds < 1e14 ? new Date(Math.trunc(milliseconds)) : undefined;
