import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { Caller, Requires } from '../../platform/index.js';
import { Checkpoints } from './checkpoints.js';
import { Erasure } from './erasure.js';
import { ExportQuery, ReasonQuery, RepairBody } from './evidence.dto.js';
import { EvidenceExport } from './evidence-export.js';
import { KeyRotation, type RotatedKey } from './key-rotation.js';
import { LogHealth, type LogState } from './log-health.js';
import { type VerificationKeys, VerificationKeysReader } from './verification-keys.js';

@Controller('v1/evidence')
export class EvidenceController {
  constructor(
    private readonly checkpoints: Checkpoints,
    private readonly keys: VerificationKeysReader,
    private readonly bundles: EvidenceExport,
    private readonly erasure: Erasure,
    private readonly health: LogHealth,
    private readonly rotation: KeyRotation,
  ) {}

  @Get('checkpoint')
  @Requires('evidence.read')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  async checkpoint(): Promise<string> {
    return (await this.checkpoints.last()).note;
  }

  @Get('keys')
  @Requires('evidence.read')
  verificationKeys(): Promise<VerificationKeys> {
    return this.keys.read();
  }

  @Get('health')
  @Requires('evidence.read')
  state(): LogState {
    return this.health.state();
  }

  @Get('export')
  @Requires('evidence.export')
  async export(@Caller() by: Identity, @Query() { session, from, to }: ExportQuery): Promise<StreamableFile> {
    const lines = await this.bundles.open(
      { ...(session && { session }), ...(from && { from }), ...(to && { to }) },
      by,
    );
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: 'application/x-ndjson',
      disposition: 'attachment; filename="evidence.jsonl"',
    });
  }

  /** Erasure. There is no way back. */
  @Delete('keys/:key')
  @Requires('evidence.erase')
  @HttpCode(204)
  erase(
    @Caller() by: Identity,
    @Param('key') key: string,
    @Query() { reason = 'erasure was asked for' }: ReasonQuery,
  ): Promise<void> {
    if (!/^(person:)?[0-9a-f-]{36}$/.test(key)) throw new GatewayError('NOT_FOUND', 'there is no such key');
    return this.erasure.destroy(key, by, reason);
  }

  /** Another key for the log, signed by the old one. */
  @Post('keys/rotate')
  @Requires('evidence.repair')
  @HttpCode(200)
  rotate(@Caller() by: Identity, @Body() { reason }: RepairBody): Promise<RotatedKey> {
    return this.rotation.rotate(by, reason);
  }

  /** Accepts that the database is a restored backup; see LogHealth. */
  @Post('restored')
  @Requires('evidence.repair')
  @HttpCode(200)
  restored(@Caller() by: Identity, @Body() { reason }: RepairBody): Promise<{ origin: string }> {
    return this.health.accept(by, reason);
  }
}
