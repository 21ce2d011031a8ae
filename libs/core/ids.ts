type Brand<T, B extends string> = T & { readonly __brand: B };

/** UUID version 7 (RFC 9562): sorts by time of making. */
export type SessionId = Brand<string, 'SessionId'>;
export type OperationId = Brand<string, 'OperationId'>;
export type ReviewId = Brand<string, 'ReviewId'>;
export type AgentId = Brand<string, 'AgentId'>;
export type ConnectionId = Brand<string, 'ConnectionId'>;
export type TicketId = Brand<string, 'TicketId'>;
export type PersonId = Brand<string, 'PersonId'>;
/** The `@id` of a Cedar policy. */
export type PolicyId = Brand<string, 'PolicyId'>;
/** Lower-case hexadecimal SHA-256. */
export type Digest = Brand<string, 'Digest'>;

export interface Clock {
  now(): Date;
}

/** @returns `size` fresh random bytes */
export type RandomBytes = (size: number) => Uint8Array;

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hyphenBefore: ReadonlySet<number> = new Set([4, 6, 8, 10]);

/** A source of UUIDs of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then random bits. */
export const uuidSource =
  (clock: Clock, random: RandomBytes) =>
  <Id extends string>(): Id => {
    const bytes = Uint8Array.from(random(16));
    let milliseconds = clock.now().getTime();
    for (let index = 5; index >= 0; index -= 1) {
      bytes[index] = milliseconds % 256;
      milliseconds = Math.floor(milliseconds / 256);
    }
    bytes[6] = 0x70 | (bytes[6]! & 0x0f);
    bytes[8] = 0x80 | (bytes[8]! & 0x3f);
    let text = '';
    for (let index = 0; index < 16; index += 1) text += (hyphenBefore.has(index) ? '-' : '') + pairs[bytes[index]!]!;
    return text as Id;
  };
