import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GatewayError } from '@sallyport/core';
import type { Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../authorization/authentication.js';
import { Clock } from '../providers.js';

/** `burst` at once, then `perMinute`. */
export interface Limit {
  readonly burst: number;
  readonly perMinute: number;
  /** `caller`: not by address, for those whose many programs come by one. Only where nobody unknown gets so far. */
  readonly by?: 'caller';
}

/** Per replica. `failed-login` counts refused credentials only, so that it cannot slow down those who are let in. */
export const limits = {
  login: { burst: 20, perMinute: 30 },
  'failed-login': { burst: 20, perMinute: 20 },
  ticket: { burst: 60, perMinute: 120 },
  exec: { burst: 120, perMinute: 300 },
  telemetry: { burst: 300, perMinute: 900, by: 'caller' },
  hook: { burst: 600, perMinute: 1800, by: 'caller' },
  verdict: { burst: 20, perMinute: 20 },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof limits;

interface Bucket {
  tokens: number;
  at: number;
}

const mostBuckets = 20_000;

/** Token buckets in memory, bounded: the one unused for longest makes room. */
@Injectable()
export class RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Clock) {}

  /** @throws GatewayError RATE_LIMITED with `details.retry_after_seconds` */
  take(name: LimitName, key: string): void {
    const bucket = this.filled(name, key);
    if (bucket.tokens < 1) this.refuse(name, bucket);
    bucket.tokens -= 1;
  }

  /** Refuses when nothing is left, takes nothing. */
  check(name: LimitName, key: string): void {
    const bucket = this.filled(name, key);
    if (bucket.tokens < 1) this.refuse(name, bucket);
  }

  private filled(name: LimitName, key: string): Bucket {
    const id = `${name}\u0000${key}`;
    const { burst, perMinute }: Limit = limits[name];
    const now = this.clock.now().getTime();
    const known = this.buckets.get(id);
    const tokens =
      known === undefined ? burst : Math.min(burst, known.tokens + (Math.max(0, now - known.at) * perMinute) / 60_000);
    const bucket = { tokens, at: now };
    this.buckets.delete(id);
    this.buckets.set(id, bucket);
    if (this.buckets.size > mostBuckets) this.buckets.delete(this.buckets.keys().next().value!);
    return bucket;
  }

  private refuse(name: LimitName, { tokens }: Bucket): never {
    const seconds = Math.max(1, Math.ceil(((1 - tokens) * 60) / limits[name].perMinute));
    throw new GatewayError('RATE_LIMITED', 'too many requests of this kind', {
      hint: `wait ${seconds} s and try again`,
      details: { retry_after_seconds: seconds },
    });
  }
}

const limitedRoute = 'sallyport:limit';

/** Bounds a route per identity where there is one, and per address. */
export const RateLimited = (name: LimitName): MethodDecorator => SetMetadata(limitedRoute, name);

@Injectable()
export class RateLimitInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: RateLimiter,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const name = this.reflector.get<LimitName | undefined>(limitedRoute, context.getHandler());
    if (name !== undefined) {
      const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
      const { by }: Limit = limits[name];
      if (by !== 'caller') this.limiter.take(name, `address ${request.ip ?? ''}`);
      if (request.authentication !== undefined)
        this.limiter.take(name, `identity ${request.authentication.identity.id}`);
    }
    return next.handle();
  }
}
