import type { Message } from './protobuf-reader.js';

// Of the messages of OTLP 1 those fields that are read here, with their public numbers. In JSON they have the same names.

/** A list, a map and bytes may be a value, too: nothing that is taken is one. */
const anyValue: Message = { 1: { name: 'stringValue', kind: 'string' } };

const keyValue: Message = { 1: { name: 'key', kind: 'string' }, 2: { name: 'value', kind: anyValue } };

const resource: Message = { 1: { name: 'attributes', kind: keyValue, isList: true } };

const logRecord: Message = {
  1: { name: 'timeUnixNano', kind: 'fixed64' },
  5: { name: 'body', kind: anyValue },
  6: { name: 'attributes', kind: keyValue, isList: true },
  9: { name: 'traceId', kind: 'hex' },
  10: { name: 'spanId', kind: 'hex' },
  11: { name: 'observedTimeUnixNano', kind: 'fixed64' },
  12: { name: 'eventName', kind: 'string' },
};

const span: Message = {
  1: { name: 'traceId', kind: 'hex' },
  2: { name: 'spanId', kind: 'hex' },
  5: { name: 'name', kind: 'string' },
  7: { name: 'startTimeUnixNano', kind: 'fixed64' },
  9: { name: 'attributes', kind: keyValue, isList: true },
};

const scopeLogs: Message = { 2: { name: 'logRecords', kind: logRecord, isList: true } };
const scopeSpans: Message = { 2: { name: 'spans', kind: span, isList: true } };

const resourceLogs: Message = {
  1: { name: 'resource', kind: resource },
  2: { name: 'scopeLogs', kind: scopeLogs, isList: true },
};

const resourceSpans: Message = {
  1: { name: 'resource', kind: resource },
  2: { name: 'scopeSpans', kind: scopeSpans, isList: true },
};

/** What a client posts, by its signal. */
export const requests: Readonly<Record<Signal, Message>> = {
  logs: { 1: { name: 'resourceLogs', kind: resourceLogs, isList: true } },
  traces: { 1: { name: 'resourceSpans', kind: resourceSpans, isList: true } },
  metrics: {},
};

export type Signal = 'logs' | 'traces' | 'metrics';
