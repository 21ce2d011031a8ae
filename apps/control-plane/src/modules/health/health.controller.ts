import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { Request, Response } from 'express';
import { Configuration, isLoopback, Metrics, Public, Readiness } from '../../platform/index.js';

interface Health {
  readonly status: 'ok' | 'unavailable';
  readonly problems?: Readonly<Record<string, string>>;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
    private readonly configuration: Configuration,
  ) {}

  /** Alive: this process answers. */
  @Get('healthz')
  @Public()
  alive(): Health {
    return { status: 'ok' };
  }

  /** Ready: new work may come here. */
  @Get('readyz')
  @Public()
  async ready(@Res({ passthrough: true }) response: Response): Promise<Health> {
    const problems = await this.readiness.problems();
    if (Object.keys(problems).length === 0) return { status: 'ok' };
    response.status(503);
    return { status: 'unavailable', problems };
  }

  /** For Prometheus: with the configured token, or from this machine where none is configured. */
  @Get('metrics')
  @Public()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async scrape(@Req() request: Request): Promise<string> {
    if (!this.mayScrape(request))
      throw new GatewayError('FORBIDDEN', 'metrics are not for you', {
        hint: 'send the token of SALLYPORT_METRICS_TOKEN as bearer',
      });
    return this.metrics.registry.metrics();
  }

  private mayScrape(request: Request): boolean {
    const { metricsToken } = this.configuration.http;
    if (metricsToken === undefined) return isLoopback((request.ip ?? '').replace(/^::ffff:/, ''));
    return timingSafeEqual(digest(request.header('authorization') ?? ''), digest(`Bearer ${metricsToken}`));
  }
}
