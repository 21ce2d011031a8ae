import { BodyError } from './body-error.js';
import { sha256Hex } from './canonical.js';
import { type Checksum, checksumOf } from './checksums.js';
import { type ChunkChain, sameSignature } from './chunk-chain.js';

const bytesLimit = 8 * 1024;
const signatureName = 'x-amz-trailer-signature';
const trailerLine = /^([A-Za-z0-9-]{1,128}):([\t\x20-\x7e]*)$/;

/** What comes after the last chunk: exactly what x-amz-trailer announced, signed where the mode says so. */
export class Trailers {
  readonly #announced: ReadonlySet<string>;
  readonly #chain: ChunkChain | undefined;
  readonly #checksums: ReadonlyMap<string, Checksum>;
  readonly #found = new Map<string, string>();
  #signature: string | undefined;
  #size = 0;

  /** @param chain where the trailers are signed */
  constructor(announced: readonly string[], chain: ChunkChain | undefined) {
    this.#announced = new Set(announced);
    this.#chain = chain;
    this.#checksums = new Map(announced.flatMap((name) => checksumEntry(name)));
  }

  /** Bytes that a line may still have: all of them together are bounded. */
  get lineLimit(): number {
    return bytesLimit - this.#size;
  }

  /** Takes the decoded body, for the checksums over it. */
  update(bytes: Uint8Array): void {
    for (const checksum of this.#checksums.values()) checksum.update(bytes);
  }

  add(line: string): void {
    this.#size += line.length + 2;
    const match = trailerLine.exec(line);
    if (!match) throw new BodyError('malformed', 'a trailer is not understood');
    if (this.#signature !== undefined)
      throw new BodyError('malformed', 'a trailer comes after the trailers’ signature');
    const [name, value] = [match[1]!.toLowerCase(), match[2]!.trim()];
    if (name === signatureName && this.#chain) this.#signature = value;
    else this.#addTrailer(name, value);
  }

  #addTrailer(name: string, value: string): void {
    if (!this.#announced.has(name))
      throw new BodyError('malformed', 'a trailer comes that x-amz-trailer does not announce');
    if (this.#found.has(name)) throw new BodyError('malformed', `the trailer ${name} comes twice`);
    this.#found.set(name, value);
  }

  /** At the empty line. */
  end(): void {
    for (const name of this.#announced)
      if (!this.#found.has(name)) throw new BodyError('malformed', `the trailer ${name} is missing`);
    if (this.#chain) this.#checkSignature(this.#chain);
    for (const [name, checksum] of this.#checksums)
      if (checksum.digest() !== this.#found.get(name))
        throw new BodyError('checksum', `${name} is not that of the body`);
  }

  finish(): readonly (readonly [string, string])[] {
    return [...this.#found];
  }

  #checkSignature(chain: ChunkChain): void {
    if (!/^[0-9a-f]{64}$/.test(this.#signature ?? '')) throw new BodyError('signature', 'the trailers are not signed');
    const canonical = [...this.#found].sort().map(([name, value]) => `${name}:${value}\n`);
    if (!sameSignature(chain.trailer(sha256Hex(canonical.join(''))), this.#signature!))
      throw new BodyError('signature', 'the signature of the trailers does not match');
  }
}

const checksumEntry = (name: string): [string, Checksum][] => {
  const make = checksumOf(name);
  return make ? [[name, make()]] : [];
};
