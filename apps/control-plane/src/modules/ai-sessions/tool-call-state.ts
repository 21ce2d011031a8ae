import type { OperationId } from '@sallyport/core';
import type { ToolCallOutcome, ToolCallRow } from './ai-session-rows.js';

/** What witnesses have told of one tool call. */
export type ToolCallState = Pick<
  ToolCallRow,
  | 'hook_input_hmac'
  | 'model_input_hmac'
  | 'hook_command_hmac'
  | 'model_command_hmac'
  | 'contradicted'
  | 'proposed_at'
  | 'proposed_operation'
  | 'asked_at'
  | 'finished_at'
  | 'outcome'
>;

/** An input as witnesses are compared by it. */
export interface InputMarks {
  readonly input: Buffer;
  readonly command: Buffer | null;
}

export type Telling = { readonly at: Date } & (
  | { readonly event: 'proposed'; readonly marks: InputMarks; readonly operation: OperationId }
  | { readonly event: 'asked'; readonly marks: InputMarks }
  /** `marks`: the hook after a call repeats the input; a result in model traffic does not. */
  | { readonly event: 'finished'; readonly outcome: ToolCallOutcome; readonly marks?: InputMarks }
);

export const untold: ToolCallState = {
  hook_input_hmac: null,
  model_input_hmac: null,
  hook_command_hmac: null,
  model_command_hmac: null,
  contradicted: false,
  proposed_at: null,
  proposed_operation: null,
  asked_at: null,
  finished_at: null,
  outcome: null,
};

/** What is known after a witness has spoken. The first word of each stays; another one later contradicts it. */
export function told(known: ToolCallState, telling: Telling): ToolCallState {
  switch (telling.event) {
    case 'proposed':
      return known.proposed_at === null
        ? {
            ...known,
            model_input_hmac: telling.marks.input,
            model_command_hmac: telling.marks.command,
            proposed_at: telling.at,
            proposed_operation: telling.operation,
          }
        : contradicting(known, known.model_input_hmac, telling.marks);
    case 'asked':
      return { ...byHook(known, telling.marks), asked_at: known.asked_at ?? telling.at };
    case 'finished':
      return {
        ...(telling.marks === undefined ? known : byHook(known, telling.marks)),
        finished_at: known.finished_at ?? telling.at,
        outcome: known.outcome ?? telling.outcome,
      };
  }
}

const byHook = (known: ToolCallState, marks: InputMarks): ToolCallState =>
  known.hook_input_hmac === null
    ? { ...known, hook_input_hmac: marks.input, hook_command_hmac: marks.command }
    : contradicting(known, known.hook_input_hmac, marks);

const contradicting = (known: ToolCallState, first: Buffer | null, { input }: InputMarks): ToolCallState =>
  first === null || first.equals(input) ? known : { ...known, contradicted: true };

/** Do the witnesses tell the same? undefined while only one of them has spoken. The table says the same of each row. */
export function agreement(state: ToolCallState): boolean | undefined {
  const { hook_input_hmac: hook, model_input_hmac: model, contradicted } = state;
  if (contradicted) return false;
  return hook === null || model === null ? undefined : hook.equals(model);
}

/** Nothing new was told: a hook or a request that was delivered twice. */
export const isSame = (before: ToolCallState, after: ToolCallState): boolean =>
  (Object.keys(untold) as (keyof ToolCallState)[]).every((member) => {
    const [one, other] = [before[member], after[member]];
    return one === other || (Buffer.isBuffer(one) && Buffer.isBuffer(other) && one.equals(other));
  });

const firstTold = { proposed: 'proposed_at', asked: 'asked_at', finished: 'finished_at' } as const;

/** Is it the first time that this is told, or the first time that it is told otherwise? */
export const isNews = (before: ToolCallState, after: ToolCallState, { event }: Telling): boolean =>
  before[firstTold[event]] === null || (after.contradicted && !before.contradicted);
