import { randomBytes } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import { uuidSource } from '@sallyport/core';

/** The time, injected so that tests can turn it. */
export class Clock {
  now(): Date {
    return new Date();
  }
}

export class Random {
  bytes(size: number): Uint8Array {
    return randomBytes(size);
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
