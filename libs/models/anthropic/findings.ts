/** What is gathered while the content of a request is read. */
import { type JsonNode, member, scalarOf } from '../json-spans.js';
import type { ModelFlag } from '../types.js';
import { blocksOf, type Read, textIn, typeIn } from './body.js';
import { isKnownBlock, mediaBlocks } from './kinds.js';

/** An image at its largest. */
const tokensOfImage = 5_000;
/** What a model can read at all: the bound where not everything that it reads is in the request. */
const largestContext = 1_000_000;
/** What the API says to the model about tools, and about each that it knows. */
const tokensOfTools = 2_000;
const elsewhere: readonly ModelFlag[] = ['remote-source', 'file-reference', 'mcp-servers', 'container', 'server-tools'];

export class Findings {
  readonly flags = new Set<ModelFlag>();
  readonly media = new Set<string>();
  readonly tools = new Set<string>();
  readonly serverTools = new Set<string>();
  #images = 0;
  /** Of pages that the provider renders, however few bytes they have. */
  #hasPages = false;

  /** A block, and those within it. */
  block(read: Read): void {
    const type = typeIn(read);
    if (!isKnownBlock(type)) this.flags.add('unknown-blocks');
    if (type === 'container_upload') this.flags.add('file-reference');
    if (mediaBlocks.has(type)) this.#medium(type, read);
    this.content(read.document, member(read.node, 'content'));
  }

  content(document: Uint8Array, content: JsonNode | undefined): void {
    for (const node of blocksOf(content)) this.block({ document, node });
  }

  #medium(type: string, { document, node }: Read): void {
    this.media.add(type);
    const source = member(node, 'source');
    if (source === undefined) return;
    const kind = typeIn({ document, node: source });
    if (kind === 'url') this.flags.add('remote-source');
    if (kind === 'file') this.flags.add('file-reference');
    if (kind !== 'text' && kind !== 'content') {
      if (type === 'image') this.#images += 1;
      else this.#hasPages = true;
    }
    this.content(document, member(source, 'content'));
  }

  /** No fewer than the API will count: no token is shorter than a byte. */
  tokensAtMost(bytes: number): number {
    const isElsewhere = this.#hasPages || elsewhere.some((flag) => this.flags.has(flag));
    const tools = this.tools.size + this.serverTools.size;
    const ofTools = tools === 0 ? 0 : tokensOfTools * (1 + tools);
    return bytes + ofTools + this.#images * tokensOfImage + (isElsewhere ? largestContext : 0);
  }
}

/** The text of a result: its texts, one under the other. */
export const resultText = (read: Read): string => {
  const whole = textIn(read, 'content');
  if (whole !== undefined) return whole;
  const { document } = read;
  return blocksOf(member(read.node, 'content'))
    .flatMap((node) => textIn({ document, node }, 'text') ?? [])
    .join('\n');
};

export const isTrue = (node: JsonNode | undefined): boolean => scalarOf(node) === true;
