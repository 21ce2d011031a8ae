import { randomFillSync } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import { uuidSource } from '@sallyport/core';

/** The time, injected so that tests can turn it. */
export class Clock {
  now(): Date {
    return new Date();
  }
}

const poolBytes = 16 * 1024;

/** Random bytes, drawn from the system's source in larger pieces. No byte is handed out twice. */
export class Random {
  #pool = Buffer.alloc(0);
  #used = 0;

  bytes(size: number): Uint8Array {
    if (size > poolBytes) return randomFillSync(Buffer.alloc(size));
    if (this.#used + size > this.#pool.length) {
      this.#pool = randomFillSync(Buffer.allocUnsafeSlow(poolBytes)); // a new one: what was handed out of the old one stays
      this.#used = 0;
    }
    const bytes = this.#pool.subarray(this.#used, this.#used + size);
    this.#used += size;
    return bytes;
  }
}

/** Fresh ids, UUID version 7: `ids.next<TicketId>()`. */
export class Ids {
  readonly next: <Id extends string>() => Id;

  constructor(clock: Clock, random: Random) {
    this.next = uuidSource(clock, (size) => random.bytes(size));
  }
}

@Global()
@Module({
  providers: [
    Clock,
    Random,
    { provide: Ids, useFactory: (clock: Clock, random: Random) => new Ids(clock, random), inject: [Clock, Random] },
  ],
  exports: [Clock, Random, Ids],
})
export class ProvidersModule {}
