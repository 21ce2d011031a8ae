/** One event of a streamed answer: its JSON, and how it is written where that has become another. */
import { edit, type JsonEdit, type JsonNode, member, parseJson } from '../json-spans.js';
import { notUnderstood } from './answer-state.js';
import { countIn, type Read, typeIn } from './body.js';

/** What events are carried in: server-sent events, or the frames of another API. */
export interface Carrier<Out> {
  /** As it came. */
  readonly original: Out;
  /** The same event, or one beside it, with other JSON. */
  write(type: string, document: Uint8Array): Out;
}

interface NewEvent {
  readonly type: string;
  readonly index: number;
  readonly [name: string]: unknown;
}

export class ModelEvent<Out> implements Read {
  readonly node: JsonNode;
  readonly type: string;

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
  constructor(
    readonly document: Uint8Array,
    private readonly carrier: Carrier<Out>,
  ) {
    this.node = parseJson(document, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'an event of the answer' });
    this.type = typeIn(this);
  }

  /** As the JSON has it. */
  written({ start, end }: JsonNode): string {
    return Buffer.from(this.document.subarray(start, end)).toString();
  }

  /** @param edits in any order */
  edited(edits: readonly JsonEdit[]): Out {
    if (edits.length === 0) return this.carrier.original;
    const inOrder = [...edits].sort((left, right) => left.start - right.start);
    return this.carrier.write(this.type, edit(this.document, inOrder));
  }

  /** Another event in its place. */
  instead(content: NewEvent): Out {
    return this.carrier.write(content.type, Buffer.from(JSON.stringify(content)));
  }

  /** Which block of the content it is about. */
  get index(): number {
    const index = countIn(this, 'index');
    if (index === undefined) throw notUnderstood('an event of the answer does not say which block it is about');
    return index;
  }

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it has no such object */
  part(name: string): Read {
    const node = member(this.node, name);
    if (node?.kind !== 'object') throw notUnderstood(`an event of the answer has no "${name}"`);
    return { document: this.document, node };
  }
}
