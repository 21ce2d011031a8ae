/** Why an operation's level of assurance is what it is, in words. */
import type { ToolCallRow } from '../ai-sessions/ai-session-rows.js';
import type { LinkedOperation } from './trace-rows.js';

export function evidenceFor(operation: LinkedOperation, call: ToolCallRow | undefined): string[] {
  const { ticket_id, ticket_issued_at } = operation;
  const said: string[] = [];
  if (ticket_id !== null) said.push(`ticket ${ticket_id}, issued at ${iso(ticket_issued_at)}`);
  if (call === undefined) return said;
  const { proposed_at, proposed_operation, asked_at, agrees, span_id, contradicted } = call;
  if (proposed_at !== null)
    said.push(`the model called the tool in its answer to ${proposed_operation}, told at ${iso(proposed_at)}`);
  if (asked_at !== null) said.push(`the client’s hook told of the call at ${iso(asked_at)}`);
  if (agrees === true) said.push('model and hook tell the same input');
  if (agrees === false)
    said.push(contradicted ? 'a witness has told two inputs of this call' : 'model and hook tell different inputs');
  if (span_id !== null) said.push(`telemetry has it as span ${span_id}`);
  return said;
}

const iso = (at: Date | null): string => at?.toISOString() ?? 'an unknown time';
