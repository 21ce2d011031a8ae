/** Whose request it is, as the client says: Claude Code in headers, others in `metadata.user_id`. Pure. */
import type { TurnContext } from '@sallyport/core';
import { headerOf } from '@sallyport/http';
import { type ClientClaims, type ClientTurn, clientNameOf, idOf } from '@sallyport/model-gateway';

export const claudeCode = 'claude-code';

export function turnOf({ headers, request }: ClientClaims): ClientTurn {
  const session = idOf(headerOf(headers, 'x-claude-code-session-id'));
  const agent = idOf(headerOf(headers, 'x-claude-code-agent-id'));
  const parentAgent = idOf(headerOf(headers, 'x-claude-code-parent-agent-id'));
  const told = userIdOf(request?.conversation);
  const isClaudeCode = session !== undefined || told?.device !== undefined;
  const aiSession = session ?? told?.session;
  if (aiSession === undefined) return { turn: {}, isInternal: false };
  const client = isClaudeCode ? claudeCode : clientNameOf(headers);
  const turn: TurnContext = {
    aiSession,
    ...(client === undefined ? {} : { client }),
    ...(agent === undefined ? {} : { agent }),
  };
  return {
    turn,
    ...(parentAgent === undefined ? {} : { parentAgent }),
    isInternal: isClaudeCode && (agent !== undefined || request?.tools.length === 0),
  };
}

interface UserId {
  readonly session: string;
  readonly device?: string;
}

const joined = /^user_([0-9a-f]{8,64})_account_[0-9a-f-]*_session_([0-9a-zA-Z-]{8,64})$/;

/** `metadata.user_id` names a session in Claude Code only: as JSON, or joined with underscores in older versions. */
function userIdOf(userId: string | undefined): UserId | undefined {
  if (userId === undefined) return undefined;
  const [, device, session] = joined.exec(userId) ?? [];
  if (session !== undefined && device !== undefined) return { session, device };
  try {
    const fields = JSON.parse(userId) as Readonly<Record<string, unknown>> | null;
    const said = idOf(fields?.['session_id']);
    if (said === undefined) return undefined;
    const from = idOf(fields?.['device_id']);
    return { session: said, ...(from === undefined ? {} : { device: from }) };
  } catch {
    return undefined; // a user's id of somebody's own: no session
  }
}
