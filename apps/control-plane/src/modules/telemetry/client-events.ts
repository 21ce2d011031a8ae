import type { OtlpRecord } from './otlp-records.js';

/** What telemetry tells of an AI session; the ids are the client's. */
export type ClientEvent = Told &
  (
    | { readonly kind: 'prompt'; readonly text: string }
    | { readonly kind: 'call'; readonly toolUse: string; readonly span?: string }
    /** That the turn has this trace, and nothing more. */
    | { readonly kind: 'turn' }
  );

interface Told {
  readonly client: string;
  readonly session: string;
  readonly turn?: string;
  /** The trace of the turn. */
  readonly trace?: string;
  /** By the client's clock. */
  readonly at?: Date;
}

interface Client {
  readonly name: string;
  /** Of the names of its events. */
  readonly prefix: string;
  readonly session: string;
  readonly turn?: string;
  readonly toolUse: string;
  /** Has it one trace for each turn? */
  readonly tracesTurns: boolean;
}

const clients: readonly Client[] = [
  {
    name: 'claude-code',
    prefix: 'claude_code.',
    session: 'session.id',
    turn: 'prompt.id',
    toolUse: 'tool_use_id',
    tracesTurns: true,
  },
  { name: 'codex', prefix: 'codex.', session: 'conversation.id', toolUse: 'call_id', tracesTurns: false },
];

type Kind = 'prompt' | 'call' | 'turn';

const logEvents: Readonly<Record<string, Kind>> = {
  user_prompt: 'prompt',
  tool_decision: 'call',
  tool_result: 'call',
  api_request: 'turn',
};
const spans: Readonly<Record<string, Kind>> = { interaction: 'turn', 'tool.execution': 'call' };

// Ids go into tables and logs as they are: no control characters, and no text in the place of an id.
const idShape = /^[\x21-\x7e]{1,200}$/;

const idIn = ({ attributes }: OtlpRecord, name: string | undefined): string | undefined => {
  const value = name === undefined ? undefined : attributes.get(name);
  return value !== undefined && idShape.test(value) ? value : undefined;
};

/** What is there instead of a prompt that the client was not told to send. */
const withheld = /^[<[]redacted[>\]]$/i;

/** @returns undefined for what is not taken: clients send much more */
export function clientEvent(record: OtlpRecord, signal: 'logs' | 'traces'): ClientEvent | undefined {
  const known = kindOf(record, signal);
  const session = known && idIn(record, known.client.session);
  if (known === undefined || session === undefined) return undefined;
  const { client, kind } = known;
  const turn = idIn(record, client.turn);
  const told: Told = {
    client: client.name,
    session,
    ...(turn === undefined ? {} : { turn }),
    ...(record.traceId === undefined || !client.tracesTurns ? {} : { trace: record.traceId }),
    ...(record.at === undefined ? {} : { at: record.at }),
  };
  if (kind === 'prompt') return { ...told, ...promptOf(record) };
  if (kind === 'turn') return { ...told, kind };
  const toolUse = idIn(record, client.toolUse);
  if (toolUse === undefined) return undefined;
  // The log record of a call is written in another span than the one that its command is told of.
  const span = signal === 'traces' ? record.spanId : undefined;
  return { ...told, kind, toolUse, ...(span === undefined ? {} : { span }) };
}

function promptOf({ attributes }: OtlpRecord): { kind: 'prompt'; text: string } | { kind: 'turn' } {
  const text = attributes.get('prompt');
  return text === undefined || withheld.test(text) ? { kind: 'turn' } : { kind: 'prompt', text };
}

function kindOf({ names, service }: OtlpRecord, signal: 'logs' | 'traces'): { client: Client; kind: Kind } | undefined {
  const kinds = signal === 'logs' ? logEvents : spans;
  for (const name of names)
    for (const client of clients) {
      const event = eventOf(client, name, service);
      if (event !== undefined && Object.hasOwn(kinds, event)) return { client, kind: kinds[event]! };
    }
  return undefined;
}

/** Without its prefix; the attribute `event.name` may come without it, and then the service says whose it is. */
const eventOf = ({ name: client, prefix }: Client, name: string, service: string | undefined): string | undefined => {
  if (name.startsWith(prefix)) return name.slice(prefix.length);
  return service === client ? name : undefined;
};
