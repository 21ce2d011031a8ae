/** A tool call in an answer of Converse. */
import { type JsonNode, member, stringOf } from '../json-spans.js';
import type { AnswerTexts } from '../line/answer-texts.js';
import type { Decision, Decisions } from '../openai/decisions.js';
import type { ModelRequest, ToolCall } from '../types.js';
import { isServerCall } from './converse-body.js';

export interface ConverseCall {
  readonly id: string;
  readonly name: string;
  readonly byProvider: boolean;
}

/** @param toolUse what says which tool is called */
export const converseCall = (document: Uint8Array, toolUse: JsonNode | undefined): ConverseCall => ({
  id: stringOf(document, member(toolUse, 'toolUseId')) ?? '',
  name: stringOf(document, member(toolUse, 'name')) ?? '',
  byProvider: isServerCall(document, toolUse),
});

const shown = ({ id, name, byProvider }: ConverseCall, input: string, { texts, request }: Shown): ToolCall => ({
  id,
  name: texts.text(name),
  input: texts.input(input),
  byProvider,
  declared: (byProvider ? request.serverTools : request.tools).includes(name),
});

interface Shown {
  readonly texts: AnswerTexts;
  readonly request: ModelRequest;
}

/** @param index of the block: two calls of the same id are still two */
export const decideConverse = (
  call: ConverseCall,
  { input, index }: { readonly input: string; readonly index: number },
  decisions: Decisions,
): Promise<Decision> =>
  decisions.about(JSON.stringify([index, call, input]), (texts, request) => shown(call, input, { texts, request }));

/** With no call left that the client would run, it is its turn to speak. */
export class Turns {
  #allowed = 0;
  #denied = 0;

  count(call: ConverseCall, { denial }: Decision): void {
    if (call.byProvider) return;
    if (denial === undefined) this.#allowed += 1;
    else this.#denied += 1;
  }

  stopReason(told: string): string {
    return told === 'tool_use' && this.#denied > 0 && this.#allowed === 0 ? 'end_turn' : told;
  }
}
