/**
 * The last look at what leaves: whatever a target is told with a request, it may say again (S3 repeats what was signed
 * in its errors). Our own credential never passes, in whatever pieces it comes.
 */
import { GatewayError } from '@sallyport/core';

const nothing = Buffer.alloc(0);
/** What repeats a request is short: further on only the plain spelling is looked for, which costs half. */
const everySpellingBytes = 1024 * 1024;

/** What is looked for. */
export interface SecretSpellings {
  readonly plain: readonly Buffer[];
  readonly all: readonly Buffer[];
}

/** @param texts at least one, none of them empty */
export function spellingsOf(texts: readonly string[]): SecretSpellings {
  const spelt = texts.flatMap((text) => [text, encodeURIComponent(text)]);
  return {
    plain: texts.map((text) => Buffer.from(text, 'utf8')),
    all: [...new Set(spelt)].map((text) => Buffer.from(text, 'utf8')),
  };
}

export class OwnSecrets {
  readonly #spellings: SecretSpellings;
  #passed = 0;
  /** The end of what has passed, held back because a secret may begin with it. */
  #held: Buffer = nothing;

  constructor(spellings: SecretSpellings) {
    this.#spellings = spellings;
  }

  /** @throws RESPONSE_NOT_UNDERSTOOD where one is in it */
  check(text: Uint8Array): void {
    refuseAny(bufferOf(text), this.#spellings.all);
  }

  /** @returns what may leave by now; the rest with what comes next */
  pass(piece: Uint8Array): Buffer {
    const bytes = this.#held.length === 0 ? bufferOf(piece) : Buffer.concat([this.#held, piece]);
    const secrets = this.#passed < everySpellingBytes ? this.#spellings.all : this.#spellings.plain;
    this.#passed += piece.length;
    refuseAny(bytes, secrets);
    const kept = Math.max(...secrets.map((secret) => startAtEnd(bytes, secret)));
    this.#held = kept === 0 ? nothing : Buffer.from(bytes.subarray(bytes.length - kept));
    return bytes.subarray(0, bytes.length - kept);
  }

  rest(): Buffer {
    const rest = this.#held;
    this.#held = nothing;
    return rest;
  }
}

/** How many bytes at the end of a text are the beginning of a secret. */
function startAtEnd(bytes: Buffer, secret: Buffer): number {
  const from = Math.max(0, bytes.length - secret.length + 1);
  for (let at = bytes.indexOf(secret[0]!, from); at !== -1; at = bytes.indexOf(secret[0]!, at + 1))
    if (bytes.compare(secret, 0, bytes.length - at, at) === 0) return bytes.length - at;
  return 0;
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function refuseAny(bytes: Buffer, secrets: readonly Buffer[]): void {
  if (secrets.some((secret) => bytes.includes(secret)))
    throw new GatewayError(
      'RESPONSE_NOT_UNDERSTOOD',
      'the target repeats what it was asked with: nothing of that is shown',
    );
}
