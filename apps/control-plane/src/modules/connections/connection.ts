import type { ConnectionId, ProtocolName } from '@sallyport/core';
import type { ProtectionView } from './protection-view.js';

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
  /** No session while it is not protected. */
  readonly requireProtected: boolean;
  /** What the login at the target may do beyond the least: patterns of what a self-check says. */
  readonly acceptedProblems: readonly string[];
  /** What only its protocol has; empty where it has nothing of its own. */
  readonly settings: ConnectionSettings;
}

/** Of an AWS connection; a list that is empty or absent allows what the agent's own file allows. */
export interface ConnectionSettings {
  readonly regions?: readonly string[];
  readonly accounts?: readonly string[];
  /** ARN of the role that each call is scoped by. */
  readonly role?: string;
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
  readonly require_protected: boolean;
  readonly accepted_problems: readonly string[];
  readonly settings: ConnectionSettings;
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
  requireProtected: row.require_protected,
  acceptedProblems: row.accepted_problems,
  settings: row.settings,
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
  readonly require_protected: boolean;
  readonly accepted_problems: readonly string[];
  readonly settings: ConnectionSettings;
  readonly updated_at: string;
  readonly protection: ProtectionView;
}

export const viewOf = (
  { created_at: _, updated_at, ...row }: ConnectionRow,
  protection: ProtectionView,
): ConnectionView => ({ ...row, updated_at: updated_at.toISOString(), protection });

/** What goes on record of a change. */
export const recordOf = ({
  version,
  protocol,
  target,
  databases,
  labels,
  record_responses,
  max_sessions,
  require_protected,
  accepted_problems,
  settings,
}: ConnectionRow) => ({
  version,
  protocol,
  target,
  databases,
  labels,
  record_responses,
  max_sessions,
  require_protected,
  accepted_problems,
  settings,
});
