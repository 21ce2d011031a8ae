/** Makes the reads of a preview: each an exchange of its own, under the same policies as if the client had asked. */
import { Readable } from 'node:stream';
import { Departure, type Headers, type Incoming } from '@sallyport/http';
import { Answer } from './answer.js';
import type { Read } from './read.js';
import { mostReads, type Preview, type Waited } from './table.js';

/** Runs one read through the engine, its answer into what is given instead of a client. */
export type RunRead = (read: Read, into: Incoming) => Promise<void>;

const answerBytes = 1024 * 1024;
const patienceMs = 10_000;
const longestText = 3_000;

/** Lines for the reviewer; says so where nothing could be found out. Never rejects, and never takes longer than ten seconds. */
export async function foretold(preview: Preview, call: Waited, run: RunRead): Promise<string> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patienceMs);
  try {
    const reads = preview.reads(call).slice(0, mostReads);
    const answers = await Promise.all(reads.map((read) => answerOf(read, run, late.signal)));
    return preview.tell(answers, call).join('\n').slice(0, longestText);
  } catch {
    return 'AWS could not be asked beforehand';
  } finally {
    clearTimeout(timer);
  }
}

async function answerOf(read: Read, run: RunRead, late: AbortSignal): Promise<Answer | undefined> {
  const kept = new KeptAnswer(read.request.method, late);
  await run(read, kept);
  return kept.answer;
}

/** Stands where a client would: keeps the answer, up to a bound. */
class KeptAnswer implements Incoming {
  readonly target = '';
  readonly headers: Headers = [];
  readonly http2 = false;
  readonly body = Readable.from([]);
  readonly #parts: Uint8Array[] = [];
  readonly gone = new Departure();
  #head: { readonly status: number; readonly headers: Headers } | undefined;
  #bytes = 0;
  #ended = false;

  constructor(
    readonly method: string,
    late: AbortSignal,
  ) {
    late.addEventListener('abort', () => this.gone.happen(), { once: true });
  }

  get begun(): boolean {
    return this.#head !== undefined;
  }

  /** Undefined where it did not come whole. */
  get answer(): Answer | undefined {
    if (this.#head === undefined || !this.#ended) return undefined;
    return new Answer(this.#head, Buffer.concat(this.#parts));
  }

  proceed(): void {}

  head(status: number, headers: Headers): void {
    this.#head = { status, headers };
  }

  write(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > answerBytes) this.gone.happen();
    else this.#parts.push(Buffer.from(chunk));
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.#ended = true;
  }

  destroy(): void {
    this.gone.happen();
  }
}
