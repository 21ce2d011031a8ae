import { Controller, HttpCode, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import type { Request, Response } from 'express';
import { Caller, RateLimited, Requires, TakesWitnessTokens } from '../../platform/index.js';
import { otlpBytes } from './otlp-bytes.js';
import { encodingOf, sendTaken } from './otlp-encoding.js';
import { malformed } from './otlp-errors.js';
import { OtlpFilter } from './otlp-filter.js';
import type { Signal } from './otlp-messages.js';
import { otlpRecords } from './otlp-records.js';
import { Telemetry } from './telemetry.service.js';

/** Where the OpenTelemetry exporters of AI clients post: OTLP over HTTP, as JSON or protobuf. */
@Controller('otlp/v1')
@Requires('witness.tell')
@TakesWitnessTokens()
@UseFilters(OtlpFilter)
export class TelemetryController {
  constructor(private readonly telemetry: Telemetry) {}

  @Post('logs')
  @HttpCode(200)
  @RateLimited('telemetry')
  logs(@Caller() caller: Identity, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.take('logs', { caller, request, response });
  }

  @Post('traces')
  @HttpCode(200)
  @RateLimited('telemetry')
  traces(@Caller() caller: Identity, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.take('traces', { caller, request, response });
  }

  /** Taken so that an exporter has nothing to complain of; nothing here needs them. */
  @Post('metrics')
  @HttpCode(200)
  @RateLimited('telemetry')
  metrics(@Caller() caller: Identity, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.take('metrics', { caller, request, response });
  }

  private async take(signal: Signal, { caller, request, response }: Posted): Promise<void> {
    const encoding = encodingOf(request);
    if (encoding === undefined) throw malformed('a body must be application/json or application/x-protobuf');
    const { records, left } = otlpRecords(await otlpBytes(request), encoding, signal);
    const untaken = signal === 'metrics' ? 0 : await this.telemetry.tell(caller, records, signal);
    const rejected = left + untaken;
    const partial = rejected === 0 ? undefined : { rejected, message: 'too many records in one request' };
    sendTaken(response, encoding, { signal, partial });
  }
}

interface Posted {
  readonly caller: Identity;
  readonly request: Request;
  readonly response: Response;
}
