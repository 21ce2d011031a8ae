import protobuf from 'protobufjs';

// protobufjs's own coding of the messages, with more fields than are read: what is read must not depend on what is not.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message Scope { string name = 1; string version = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9;
    bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12;
  }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
  message Logs { repeated ResourceLogs resource_logs = 1; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
  message Answer { Partial partial_success = 1; }
  message Status { int32 code = 1; string message = 2; }
`);

/** Those that the JSON form has as hexadecimal digits; protobufjs takes bytes as base64. */
const ids = new Set(['traceId', 'spanId', 'parentSpanId']);

const withBytes = (value: unknown, name?: string): unknown => {
  if (typeof value === 'string') return name !== undefined && ids.has(name) ? Buffer.from(value, 'hex') : value;
  if (Array.isArray(value)) return value.map((one) => withBytes(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withBytes(one, key)]));
};

/** What the JSON form says, as protobuf. */
export function otlpProtobuf(type: 'Logs' | 'Traces', json: object): Buffer {
  const message = root.lookupType(type);
  return Buffer.from(message.encode(message.fromObject(withBytes(json) as Record<string, unknown>)).finish());
}

export function readAnswer(type: 'Answer' | 'Status', bytes: Uint8Array): Record<string, unknown> {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: String });
}
