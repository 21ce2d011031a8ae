/** Tool calls in answers of makers that are not known, whole or in pieces, by names that most of them share. */
import { GatewayError } from '@sallyport/core';
import { itemsOf, type JsonNode, member, scalarOf, stringOf } from '../../json-spans.js';
import type { Decisions } from '../../openai/decisions.js';
import { valuesIn } from './body.js';

const callMembers = new Set([
  'tool_calls',
  'toolCalls',
  'tool_call',
  'toolCall',
  'function_call',
  'toolUse',
  'tool_use',
]);

const isSomething = (node: JsonNode): boolean =>
  (node.kind === 'array' && node.items.length > 0) ||
  (node.kind === 'object' && node.members.size > 0) ||
  (node.kind === 'string' && node.end - node.start > 2);

/** The values that call tools. */
export const callsIn = (node: JsonNode): readonly JsonNode[] => [
  ...new Set(
    [...valuesIn(node)].flatMap(({ node: one }) =>
      one.kind === 'object'
        ? [...one.members].flatMap(([name, value]) => (callMembers.has(name) && isSomething(value) ? [value] : []))
        : [],
    ),
  ),
];

/** One call, as far as its pieces have come. */
interface Called {
  id: string;
  name: string;
  input: string;
}

export class OtherCalls {
  readonly #called = new Map<string, Called>();

  /** @param calls of one document, as `callsIn` found them */
  add(document: Uint8Array, calls: readonly JsonNode[]): void {
    for (const [place, node] of calls.entries())
      for (const [index, one] of (node.kind === 'array' ? itemsOf(node) : [node]).entries())
        this.#add(document, one, `${place} ${String(scalarOf(member(one, 'index')) ?? index)}`);
  }

  #add(document: Uint8Array, node: JsonNode, key: string): void {
    const called = this.#called.get(key) ?? { id: '', name: '', input: '' };
    this.#called.set(key, called);
    const inner = member(node, 'function') ?? node;
    called.id ||= textAt(document, node, ['id', 'toolUseId', 'tool_call_id']);
    called.name += textAt(document, inner, ['name', 'tool_name']);
    called.input += inputOf(document, inner);
  }

  /** @throws GatewayError POLICY_DENIED: in an answer of unknown words nothing can be said in the place of a call */
  async decide(decisions: Decisions): Promise<void> {
    for (const [key, { id, name, input }] of this.#called) {
      const { denial } = await decisions.about(key, (texts, request) => ({
        id,
        name: texts.text(name),
        input: texts.input(input === '' ? '{}' : input),
        byProvider: false,
        declared: request.tools.includes(name),
      }));
      if (denial !== undefined)
        throw new GatewayError('POLICY_DENIED', denial, {
          hint: 'ask by Converse: there the model is told that its call was refused',
        });
    }
  }
}

const textAt = (document: Uint8Array, node: JsonNode, names: readonly string[]): string =>
  names.map((name) => stringOf(document, member(node, name))).find((text) => text !== undefined) ?? '';

const inputs = ['arguments', 'parameters', 'input'] as const;

/** A text as it is, anything else as JSON; of a call that has no member for it all that it has. */
const inputOf = (document: Uint8Array, node: JsonNode): string => {
  const input = inputs.map((name) => member(node, name)).find((one) => one !== undefined);
  if (input !== undefined) return stringOf(document, input) ?? written(document, input);
  return member(node, 'name') === undefined && member(node, 'index') === undefined ? written(document, node) : '';
};

const written = (document: Uint8Array, { start, end }: JsonNode): string =>
  Buffer.from(document.subarray(start, end)).toString();
