const attributesOf = (values: Readonly<Record<string, string>>) => [
  ...Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  { key: 'event.sequence', value: { intValue: '7' } },
  { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
];

const resource = (service: string) => ({ attributes: attributesOf({ 'service.name': service }) });

export interface LogOf {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly traceId?: string;
  readonly at?: Date;
}

const nanoseconds = (at: Date): string => `${at.getTime()}000000`;

/** Log records as Claude Code writes them: the name is in the body, its end in `event.name`. */
export const logs = (records: readonly LogOf[], service = 'claude-code') => ({
  resourceLogs: [
    {
      resource: resource(service),
      scopeLogs: [
        {
          scope: { name: 'com.anthropic.claude_code.events', version: '2.1.329' },
          logRecords: records.map(({ name, attributes, traceId, at = new Date() }) => ({
            timeUnixNano: nanoseconds(at),
            body: { stringValue: name },
            attributes: attributesOf({ 'event.name': name.split('.').slice(1).join('.'), ...attributes }),
            ...(traceId === undefined ? {} : { traceId, spanId: 'b7ad6b7169203331' }),
          })),
        },
      ],
    },
  ],
});

export interface SpanOf {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export const traces = (spans: readonly SpanOf[]) => ({
  resourceSpans: [
    {
      resource: resource('claude-code'),
      scopeSpans: [
        {
          spans: spans.map(({ attributes, ...span }) => ({
            ...span,
            parentSpanId: '00f067aa0ba902b7',
            startTimeUnixNano: nanoseconds(new Date()),
            attributes: attributesOf(attributes),
          })),
        },
      ],
    },
  ],
});
