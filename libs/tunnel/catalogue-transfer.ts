import { type Digest, GatewayError } from '@sallyport/core';
import type { CatalogueSnapshot } from '@sallyport/engine';
import type { CataloguePiece } from './messages.js';

export const pieceBytes = 256 * 1024;
export const maxCatalogueBytes = 64 * 1024 * 1024;
/** Transfers that one agent may have under way: a bound on memory, far above its number of targets at one moment. */
const maxTransfers = 8;

/** @throws TOO_LARGE beyond 64 MiB */
export function* cutCatalogue(
  target: string,
  database: string,
  { digest, bytes }: CatalogueSnapshot,
): Generator<CataloguePiece> {
  if (bytes.length > maxCatalogueBytes)
    throw new GatewayError('TOO_LARGE', `the catalogue of "${database}" has ${bytes.length} bytes`);
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = 0;
  do {
    yield {
      target,
      database,
      digest,
      totalBytes: whole.length,
      offset,
      bytes: whole.subarray(offset, offset + pieceBytes),
    };
    offset += pieceBytes;
  } while (offset < whole.length);
}

interface Transfer {
  readonly digest: string;
  readonly whole: Buffer;
  filled: number;
}

/** Puts the pieces of one agent's catalogues together again. */
export class CatalogueAssembly {
  private readonly transfers = new Map<string, Transfer>();

  /**
   * @returns the snapshot with its last piece, undefined before
   * @throws PROTOCOL_VIOLATION when pieces do not follow one another or exceed what was announced
   */
  add(piece: CataloguePiece): CatalogueSnapshot | undefined {
    const key = JSON.stringify([piece.target, piece.database]);
    const transfer = piece.offset === 0 ? this.begin(key, piece) : this.transfers.get(key);
    if (transfer === undefined || !follows(piece, transfer)) throw violation('a piece of a catalogue is out of order');
    transfer.whole.set(piece.bytes, transfer.filled);
    transfer.filled += piece.bytes.length;
    if (transfer.filled < transfer.whole.length) return undefined;
    this.transfers.delete(key);
    return { digest: transfer.digest as Digest, bytes: transfer.whole };
  }

  private begin(key: string, { digest, totalBytes }: CataloguePiece): Transfer {
    if (totalBytes > maxCatalogueBytes) throw violation(`a catalogue of ${totalBytes} bytes is too large`);
    if (!/^[0-9a-f]{64}$/.test(digest)) throw violation('a catalogue has no digest');
    if (!this.transfers.has(key) && this.transfers.size >= maxTransfers) throw violation('too many catalogues at once');
    const transfer = { digest, whole: Buffer.alloc(totalBytes), filled: 0 };
    this.transfers.set(key, transfer);
    return transfer;
  }
}

const follows = (piece: CataloguePiece, { digest, whole, filled }: Transfer): boolean =>
  piece.offset === filled &&
  piece.digest === digest &&
  piece.bytes.length <= pieceBytes &&
  (piece.bytes.length > 0 || whole.length === 0) &&
  filled + piece.bytes.length <= whole.length;

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', `tunnel: ${message}`);
