/** A call's body on its way from the control plane: held back while AWS is slow, checked before its last piece goes on. */
import { createHash } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import type { HeldPart } from './held-bytes.js';

/** Bytes that wait for AWS before the control plane is held back. */
const highWater = 1024 * 1024;

export interface Expected {
  readonly length?: number;
  readonly sha256?: string;
}

export class RequestBody {
  readonly #expected: Expected;
  readonly #pieces: Uint8Array[] = [];
  readonly #hash: ReturnType<typeof createHash> | undefined;
  #waiting = 0;
  #received = 0;
  #isEnded = false;
  #isDropped = false;
  #broken: GatewayError | undefined;
  #wake: (() => void)[] = [];

  constructor(expected: Expected) {
    this.#expected = expected;
    this.#hash = expected.sha256 === undefined ? undefined : createHash('sha256');
  }

  /** The last piece has come. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  push(piece: Uint8Array, more: boolean): void {
    if (this.#isEnded) this.#break('a body goes on after its end');
    this.#isEnded = !more;
    if (!this.#isDropped && this.#broken === undefined) this.#keep(piece);
    this.#woken();
  }

  /** What comes from here on is not wanted any more. */
  drop(): void {
    this.#isDropped = true;
    this.#pieces.length = 0;
    this.#waiting = 0;
    this.#woken();
  }

  /** Resolves when more may be pushed. */
  async roomy(): Promise<void> {
    while (this.#waiting >= highWater && !this.#isDropped) await this.#changed();
  }

  /** @throws what `held` throws, PROTOCOL_VIOLATION where it is not what was announced */
  async whole(held: Pick<HeldPart, 'take'>): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.stream()) {
      held.take(piece.length);
      size += piece.length;
      pieces.push(piece);
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size);
  }

  /**
   * Piece by piece. INVARIANT: the last one comes only after the whole has been checked, so that AWS never has all of a
   * body that is not what the client signed.
   * @throws PROTOCOL_VIOLATION where it is not what was announced
   */
  async *stream(): AsyncGenerator<Uint8Array> {
    let held: Uint8Array | undefined;
    for (;;) {
      if (this.#broken) throw this.#broken;
      const piece = this.#pieces.shift();
      if (piece === undefined) {
        if (this.#isDropped) throw new GatewayError('CANCELLED', 'the call has been given up');
        if (this.#isEnded) break;
        await this.#changed();
        continue;
      }
      this.#waiting -= piece.length;
      this.#woken();
      this.#hash?.update(piece);
      if (held !== undefined) yield held;
      held = piece;
    }
    this.#check();
    if (held !== undefined) yield held;
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#received += piece.length;
    if (this.#expected.length !== undefined && this.#received > this.#expected.length)
      return this.#break('a body is longer than was said');
    this.#pieces.push(piece);
    this.#waiting += piece.length;
  }

  #break(reason: string): void {
    this.#broken ??= violation(reason);
    this.#pieces.length = 0;
    this.#waiting = 0;
  }

  #check(): void {
    const { length, sha256 } = this.#expected;
    if (length !== undefined && this.#received !== length) throw violation('a body is shorter than was said');
    if (sha256 !== undefined && this.#hash?.digest('hex') !== sha256)
      throw violation('a body is not the one that the client signed');
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #woken(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message);
