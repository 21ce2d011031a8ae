import type { ConnectionId, ProtocolName } from '@sallyport/core';

/** A configured way to a target through an agent, in the form that the gateway uses. */
export interface Connection {
  readonly id: ConnectionId;
  readonly name: string;
  /** Raised by every change: reviews are bound to it. */
  readonly version: number;
  readonly protocol: ProtocolName;
  /** The agent's alias of the target. */
  readonly target: string;
  /** What a client may name as its database; nothing else opens. */
  readonly databases: readonly string[];
  readonly labels: readonly string[];
  readonly recordResponses: boolean;
  readonly maxSessions: number;
}

export interface ConnectionRow {
  readonly id: ConnectionId;
  readonly name: string;
  readonly version: number;
  readonly protocol: ProtocolName;
  readonly target: string;
  readonly databases: readonly string[];
  readonly labels: readonly string[];
  readonly record_responses: boolean;
  readonly max_sessions: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const connectionOf = (row: ConnectionRow): Connection => ({
  id: row.id,
  name: row.name,
  version: row.version,
  protocol: row.protocol,
  target: row.target,
  databases: row.databases,
  labels: row.labels,
  recordResponses: row.record_responses,
  maxSessions: row.max_sessions,
});

export interface ConnectionView {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly protocol: string;
  readonly target: string;
  readonly databases: readonly string[];
  readonly labels: readonly string[];
  readonly record_responses: boolean;
  readonly max_sessions: number;
  readonly updated_at: string;
}

export const viewOf = ({ created_at: _, updated_at, ...row }: ConnectionRow): ConnectionView => ({
  ...row,
  updated_at: updated_at.toISOString(),
});

/** What goes on record of a change. */
export const recordOf = ({
  version,
  protocol,
  target,
  databases,
  labels,
  record_responses,
  max_sessions,
}: ConnectionRow) => ({
  version,
  protocol,
  target,
  databases,
  labels,
  record_responses,
  max_sessions,
});
