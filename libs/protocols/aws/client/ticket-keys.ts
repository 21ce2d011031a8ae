/** The key pairs of tickets that are in use, and what they sign with, so that neither is derived for each request. */
import { hash, timingSafeEqual } from 'node:crypto';
import { type DerivedKeyPair, deriveKeyPair, keyPairPurpose, SigningKeyCache } from '@sallyport/aws';
import type { Lobby } from '@sallyport/engine';

const mostTickets = 1000;

/** Bounded: the latest used are kept. A pair is found by the ticket's hash, and kept only once somebody has shown its id. */
export class TicketKeys {
  readonly signing = new SigningKeyCache();
  readonly #pairs = new Map<string, DerivedKeyPair>();

  /** @returns undefined where the access key is not the one that belongs to the ticket */
  pairOf(ticket: string, accessKeyId: string, lobby: Pick<Lobby, 'derive'>): DerivedKeyPair | undefined {
    if (ticket === '') return undefined;
    const name = hash('sha256', ticket, 'base64');
    const pair = this.#pairs.get(name) ?? deriveKeyPair(lobby.derive(keyPairPurpose, ''), ticket);
    if (!same(pair.accessKeyId, accessKeyId)) return undefined;
    this.#pairs.delete(name);
    this.#pairs.set(name, pair);
    if (this.#pairs.size > mostTickets) this.#pairs.delete(this.#pairs.keys().next().value!);
    return pair;
  }
}

const same = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
