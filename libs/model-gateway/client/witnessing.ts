/** What a request shows of its turn, in the order in which it stands there. */
import type { OperationId, TurnContext } from '@sallyport/core';
import type { ModelMessage, ModelWitness } from '@sallyport/engine';
import { type ModelRequest, type News, onlyCounts } from '@sallyport/models';
import type { ClientTurn } from './surface.js';
import { shown } from './words.js';

/** Of one message: what is longer is a file that somebody has pasted. */
const longestMessage = 64 * 1024;

/**
 * A count of tokens is asked for what is then sent: nobody says a thing twice by it.
 * @param operation of the request: what it brings belongs together
 */
export function witnessesOf({ api, news }: ModelRequest, told: ClientTurn, operation: OperationId): ModelWitness[] {
  if (onlyCounts(api)) return [];
  return news.flatMap((one): ModelWitness[] => {
    const { turn } = told;
    if (one.kind === 'tool-result') return [{ kind: 'tool-result', turn, operation, id: one.id, isError: one.isError }];
    const message = messageOf(one, told);
    return message === undefined ? [] : [{ kind: 'message', turn, operation, message }];
  });
}

function messageOf({ of, text }: Extract<News, { kind: 'text' }>, told: ClientTurn): ModelMessage | undefined {
  if (of === 'reminder') return undefined;
  return { kind: told.isInternal ? 'internal' : of, text: shown(text, longestMessage) };
}

/** Claims of the request over those of its ticket, as the policies see them. */
export const turnOver = (ticket: TurnContext, told: TurnContext): TurnContext => ({ ...ticket, ...told });
