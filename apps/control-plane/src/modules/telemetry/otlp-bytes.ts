import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Request } from 'express';
import { malformed, tooLarge } from './otlp-errors.js';

const unzip = promisify(gunzip);

const mostBytes = 4 * 1024 * 1024;
const mostUnpackedBytes = 32 * 1024 * 1024;
/** Telemetry repeats itself, and packs well; what packs better than this was made to. */
const mostRatio = 100;
/** A short body may have any ratio. */
const smallBytes = 64 * 1024;

/** The bytes of a body, unpacked. @throws GatewayError INVALID_INPUT, TOO_LARGE */
export async function otlpBytes(request: Request): Promise<Buffer> {
  const encoding = (request.header('content-encoding') ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip') throw malformed('content-encoding must be gzip or none');
  const sent = await received(request);
  return encoding === 'gzip' ? unpacked(sent) : sent;
}

/** Read only once the caller is known. How long it may take is the server's time-out for a request. */
const received = (request: Request): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const stop = (error: Error): void => {
      request.off('data', take).off('end', end).off('error', stop).off('aborted', abort);
      reject(error);
    };
    const abort = (): void => stop(malformed('the body did not arrive whole'));
    const end = (): void => resolve(Buffer.concat(pieces, bytes));
    const take = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes > mostBytes) stop(tooLarge('the body is too large'));
      else pieces.push(piece);
    };
    request.on('data', take).on('end', end).on('error', abort).on('aborted', abort);
  });

async function unpacked(packed: Buffer): Promise<Buffer> {
  const most = Math.min(mostUnpackedBytes, Math.max(smallBytes, packed.length * mostRatio));
  try {
    return await unzip(packed, { maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge('the body unpacks to too many bytes');
    throw malformed('the body is not gzip');
  }
}
