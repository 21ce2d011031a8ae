import { GatewayError } from '@sallyport/core';
import { type Footer, payloadsOf, RecordingChain, type RecordingId } from '@sallyport/evidence';

/** Makes one chunk durable. */
export type StoreChunk = (number: number, at: Date, chunk: Uint8Array) => Promise<void>;

/** One operation's recorded response: chained as it comes, and whole once everything that was announced is durable. */
export class ResponseRecording {
  private readonly chain: RecordingChain;
  private writing = 0;
  private failed: unknown;
  private over = false;
  private wake: (() => void)[] = [];

  constructor(id: RecordingId) {
    this.chain = new RecordingChain(id);
  }

  get footer(): Footer {
    return this.chain.footer();
  }

  /** One piece as the agent recorded it, cut as the agent cut it. Resolves once it is durable. */
  async take(piece: Uint8Array, at: Date, store: StoreChunk): Promise<void> {
    this.writing += 1;
    try {
      const stored = [...payloadsOf(piece)].map((payload) =>
        store(this.footer.chunks, at, this.chain.record('toClient', payload, at)),
      );
      await Promise.all(stored);
    } catch (error) {
      this.failed ??= error;
      throw error;
    } finally {
      this.writing -= 1;
      this.moved();
    }
  }

  /**
   * Resolves once everything that came is durable, and `chunks` of it have come or nothing more will: at the latest when
   * the session ends, for a slow client may hold back the rest of a big answer for as long as it likes.
   * @throws GatewayError RECORDING_UNAVAILABLE when some of it could not be written
   */
  async whole(chunks: number): Promise<void> {
    while (this.writing > 0 || (!this.over && this.footer.chunks < chunks))
      await new Promise<void>((resolve) => this.wake.push(resolve));
    if (this.failed !== undefined)
      throw new GatewayError('RECORDING_UNAVAILABLE', 'a part of the response is not on record', {
        cause: this.failed,
      });
  }

  /** The session ends: nothing more will come. */
  cut(): void {
    this.over = true;
    this.moved();
  }

  private moved(): void {
    for (const wake of this.wake.splice(0)) wake();
  }
}
