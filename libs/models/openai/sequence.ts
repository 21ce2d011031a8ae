/** The numbers of events, which rise whatever is put among them or taken away. */
import { type JsonEdit, type JsonNode, member, scalarOf } from '../json-spans.js';

export class Sequence {
  #last = -1;

  /** @returns the event's own number, or the next one where that has been used */
  next(own = 0): number {
    this.#last = Math.max(own, this.#last + 1);
    return this.#last;
  }

  /** Called when the event leaves. */
  readonly numbered =
    (event: JsonNode) =>
    (edits: JsonEdit[]): JsonEdit[] => {
      const node = member(event, 'sequence_number');
      const own = scalarOf(node);
      if (node === undefined || typeof own !== 'number') return edits;
      const next = this.next(own);
      return next === own ? edits : [...edits, { start: node.start, end: node.end, bytes: Buffer.from(String(next)) }];
    };
}
