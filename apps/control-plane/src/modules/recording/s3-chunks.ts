import type { S3Client } from '@aws-sdk/client-s3';
import { GatewayError, type OperationId, type SessionId } from '@sallyport/core';
import type { S3Settings } from '../../platform/config.js';
import type { ChunkRow } from './chunk-rows.js';
import { ChunkStore, type StoredChunk } from './chunk-store.js';

const inFlightBytes = 64 * 1024 * 1024;
const deadlineMs = 5000;

type Sdk = typeof import('@aws-sdk/client-s3');
interface Opened {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

const unavailable = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('RECORDING_UNAVAILABLE', message, {
    cause,
    hint: 'try again in a minute; if it persists, ask an administrator to look at the object storage',
  });

/** Chunks as objects of an S3-compatible store, one each: `<prefix><session>/<operation>/<number>`. */
export class S3Chunks extends ChunkStore {
  private opened: Promise<Opened> | undefined;
  private bytes = 0;

  constructor(private readonly settings: S3Settings) {
    super();
  }

  async put({ session, operation, number, payload }: ChunkRow): Promise<void> {
    if (this.bytes + payload.length > inFlightBytes) throw unavailable('the object storage cannot keep up');
    this.bytes += payload.length;
    try {
      const { sdk, client } = await this.open();
      const command = new sdk.PutObjectCommand({
        Bucket: this.settings.bucket,
        Key: this.keyOf(session, operation, number),
        Body: payload,
        IfNoneMatch: '*',
      });
      await client.send(command, { abortSignal: AbortSignal.timeout(deadlineMs) });
    } catch (cause) {
      throw unavailable('a recorded response could not be stored', cause);
    } finally {
      this.bytes -= payload.length;
    }
  }

  async *read(session: SessionId, operation: OperationId): AsyncIterable<StoredChunk> {
    for (let number = 0; ; number += 1) {
      const payload = await this.get(this.keyOf(session, operation, number));
      if (payload === undefined) return;
      yield { number, payload };
    }
  }

  private async get(key: string): Promise<Uint8Array | undefined> {
    const { sdk, client } = await this.open();
    try {
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.settings.bucket, Key: key }), {
        abortSignal: AbortSignal.timeout(deadlineMs),
      });
      return await Body?.transformToByteArray();
    } catch (cause) {
      if (cause instanceof sdk.NoSuchKey) return undefined;
      throw unavailable('a recorded response could not be read', cause);
    }
  }

  // Zero-padded: listings show chunks in their order.
  private keyOf(session: string, operation: string, number: number): string {
    return `${this.settings.prefix}${session}/${operation}/${String(number).padStart(8, '0')}`;
  }

  /** The SDK is loaded only where recordings go to object storage. */
  private open(): Promise<Opened> {
    this.opened ??= import('@aws-sdk/client-s3').then((sdk) => {
      const { region, endpoint, forcePathStyle } = this.settings;
      return {
        sdk,
        client: new sdk.S3Client({
          region,
          forcePathStyle,
          maxAttempts: 2,
          ...(endpoint === undefined ? {} : { endpoint }),
        }),
      };
    });
    return this.opened;
  }
}
