/** A piece of a streamed completion. */
import { itemsOf, type JsonNode, member, scalarOf, stringOf } from '../json-spans.js';
import { hasCalls } from './chat-calls.js';
import { type Received, writtenEvent } from './received.js';
import { isMembers, listOf, type Members, memberOf } from './values.js';

export const choicesOf = ({ node }: Received): readonly JsonNode[] => itemsOf(member(node, 'choices'));

export const choiceIndex = (choice: JsonNode): number => {
  const index = scalarOf(member(choice, 'index'));
  return typeof index === 'number' ? index : 0;
};

export const callingChoices = (chunk: Received): readonly number[] =>
  choicesOf(chunk)
    .filter((choice) => hasCalls(member(choice, 'delta')))
    .map(choiceIndex);

export const finishedChoices = (chunk: Received): readonly number[] =>
  choicesOf(chunk)
    .filter((choice) => stringOf(chunk.document, member(choice, 'finish_reason')) !== undefined)
    .map(choiceIndex);

const valuesOf = ({ document }: Received): Members => {
  const value: unknown = JSON.parse(Buffer.from(document).toString());
  return isMembers(value) ? value : {};
};

const writtenAs = (chunk: Received, values: Members): Received => writtenEvent(chunk.sse.name, JSON.stringify(values));

/** A piece like `chunk`, of one choice, with another delta. */
export const chunkLike = (chunk: Received, index: number, delta: Members): Received => {
  const { usage: _, ...rest } = valuesOf(chunk);
  return writtenAs(chunk, { ...rest, choices: [{ index, delta, logprobs: null, finish_reason: null }] });
};

const withoutCalls = (choice: unknown): Members => {
  const { tool_calls: _, function_call: __, ...delta } = (memberOf(choice, 'delta') ?? {}) as Members;
  return { ...(choice as Members), delta };
};

const saysNothing = (choice: Members): boolean =>
  Object.keys(choice['delta'] as Members).length === 0 && (choice['finish_reason'] ?? null) === null;

/**
 * The piece without the calls of these choices.
 * @param ends of them, those of which no call is left
 * @returns undefined where it says nothing else
 */
export const strippedChunk = (
  chunk: Received,
  { choices, ends }: { readonly choices: ReadonlySet<number>; readonly ends: ReadonlySet<number> },
): Received | undefined => {
  const values = valuesOf(chunk);
  const kept = listOf(values, 'choices').map((choice): Members => {
    const index = (memberOf(choice, 'index') ?? 0) as number;
    if (!choices.has(index)) return choice as Members;
    const stripped = withoutCalls(choice);
    return ends.has(index) && typeof stripped['finish_reason'] === 'string'
      ? { ...stripped, finish_reason: 'stop' }
      : stripped;
  });
  const said = kept.filter((choice) => !(choices.has((choice['index'] ?? 0) as number) && saysNothing(choice)));
  if (said.length === 0 && (values['usage'] ?? null) === null) return undefined;
  return writtenAs(chunk, { ...values, choices: said });
};
