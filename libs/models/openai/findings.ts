/** What is gathered while a request is read. */
import type { ModelFlag, ModelRequest, News } from '../types.js';
import type { Members } from './values.js';

export class Findings {
  readonly tools = new Set<string>();
  readonly serverTools = new Set<string>();
  readonly media = new Set<string>();
  readonly flags = new Set<ModelFlag>();
  readonly news: News[] = [];
  /** Images and documents, which may count for more tokens than they have bytes. */
  parts = 0;

  /** @returns top-level members that are not among those known */
  unknown(body: Members, known: ReadonlySet<string>): readonly string[] {
    const names = Object.keys(body).filter((name) => !known.has(name));
    if (names.length > 0) this.flags.add('unknown-members');
    return names;
  }

  /** No fewer than the API will count: no token is shorter than a byte. */
  tokensAtMost(bytes: number): number {
    const isElsewhere = elsewhere.some((flag) => this.flags.has(flag));
    return bytes + this.parts * largestPart + (isElsewhere ? largestContext : 0);
  }

  get said(): Pick<ModelRequest, 'tools' | 'serverTools' | 'media' | 'flags' | 'news'> {
    const { tools, serverTools, media, flags, news } = this;
    return { tools: [...tools], serverTools: [...serverTools], media: [...media], flags: [...flags], news };
  }
}

/** An image at full detail with the model that counts it dearest; its size in bytes says nothing of it. */
const largestPart = 50_000;
/** Where not all that the model reads is in the request, it is bounded by what a model can read at all. */
const largestContext = 1_100_000;
const elsewhere: readonly ModelFlag[] = ['stored-state', 'file-reference', 'remote-source', 'server-tools'];
