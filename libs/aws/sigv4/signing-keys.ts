import { hash } from 'node:crypto';
import { type CredentialScope, hmac } from './scope.js';

/** @returns the key of 32 bytes that signs within the scope */
export const deriveSigningKey = (secret: string, { date, region, service }: CredentialScope): Buffer =>
  hmac(hmac(hmac(hmac(Buffer.from(`AWS4${secret}`, 'utf8'), date), region), service), 'aws4_request');

export interface SigningKeySource {
  key(secret: string, scope: CredentialScope): Uint8Array;
}

export const derivedEachTime: SigningKeySource = { key: deriveSigningKey };

/**
 * Remembers signing keys, the latest used of them. An entry is found by a digest over secret and scope: a key id that is
 * issued again with another secret cannot meet the old one's key, and no secret is held as text.
 */
export class SigningKeyCache implements SigningKeySource {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #capacity: number;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  key(secret: string, scope: CredentialScope): Uint8Array {
    const name = hash('sha256', JSON.stringify([secret, scope.date, scope.region, scope.service]), 'base64');
    const key = this.#keys.get(name) ?? deriveSigningKey(secret, scope);
    this.#keys.delete(name);
    this.#keys.set(name, key);
    if (this.#keys.size > this.#capacity) this.#keys.delete(this.#keys.keys().next().value!);
    return key;
  }
}
