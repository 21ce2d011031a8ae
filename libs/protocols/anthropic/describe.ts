/** Whose request it is, as the client says: Claude Code in headers, others in `metadata.user_id`. Pure. */
import type { TurnContext } from '@sallyport/core';
import { type Headers, headerOf } from '@sallyport/http';
import { type ClientClaims, type ClientTurn, clientNameOf, idOf } from '@sallyport/model-gateway';

export const claudeCode = 'claude-code';

export function turnOf({ headers, request }: ClientClaims): ClientTurn {
  const session = idOf(headerOf(headers, 'x-claude-code-session-id'));
  const aiSession = session ?? idOf(request?.conversation);
  if (aiSession === undefined) return { turn: {}, isInternal: false };
  const isClaudeCode = session !== undefined || isClaudeCodeItself(headers);
  const client = isClaudeCode ? claudeCode : clientNameOf(headers);
  const agent = idOf(headerOf(headers, 'x-claude-code-agent-id'));
  const parentAgent = idOf(headerOf(headers, 'x-claude-code-parent-agent-id'));
  const turn: TurnContext = {
    aiSession,
    ...(client === undefined ? {} : { client }),
    ...(agent === undefined ? {} : { agent }),
  };
  return {
    turn,
    ...(parentAgent === undefined ? {} : { parentAgent }),
    // What it asks for itself, a title or a summary, offers no tools.
    isInternal: isClaudeCode && (agent !== undefined || request?.tools.length === 0),
  };
}

/** Older versions say their session in the body alone. */
const isClaudeCodeItself = (headers: Headers): boolean => /^claude-cli\//.test(headerOf(headers, 'user-agent') ?? '');
