/** Whose request it is, as the client says: Codex in headers, others in `prompt_cache_key`. Pure. */
import type { TurnContext } from '@sallyport/core';
import { type Headers, headerOf } from '@sallyport/http';
import { type ClientClaims, type ClientTurn, clientNameOf, idOf } from '@sallyport/model-gateway';

export const codex = 'codex';

export function turnOf({ headers, request }: ClientClaims): ClientTurn {
  const metadata = turnMetadata(headers);
  const session =
    idOf(metadata['session_id']) ?? idOf(headerOf(headers, 'session-id')) ?? idOf(headerOf(headers, 'session_id'));
  if (session !== undefined) return ofCodex(session, headers, metadata);
  const aiSession = idOf(request?.conversation);
  if (aiSession === undefined) return { turn: {}, isInternal: false };
  const client = clientNameOf(headers);
  return { turn: { aiSession, ...(client === undefined ? {} : { client }) }, isInternal: false };
}

type Metadata = Readonly<Record<string, unknown>>;

/** A thread of its own is a sub-agent: the first thread of a session has the session's own id. */
function ofCodex(aiSession: string, headers: Headers, metadata: Metadata): ClientTurn {
  const thread = idOf(metadata['thread_id']) ?? idOf(headerOf(headers, 'thread-id'));
  const turnId = idOf(metadata['turn_id']);
  const isSubAgent = thread !== undefined && thread !== aiSession;
  const turn: TurnContext = {
    client: codex,
    aiSession,
    ...(isSubAgent ? { agent: thread } : {}),
    ...(turnId === undefined ? {} : { turn: turnId }),
  };
  return { turn, isInternal: isSubAgent };
}

function turnMetadata(headers: Headers): Metadata {
  try {
    const parsed = JSON.parse(headerOf(headers, 'x-codex-turn-metadata') ?? '{}') as unknown;
    return typeof parsed === 'object' && parsed !== null ? (parsed as Metadata) : {};
  } catch {
    return {};
  }
}
