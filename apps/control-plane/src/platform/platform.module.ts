import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AuthorizationGuard } from './authorization/guard.js';
import { RouteInventory } from './authorization/route-inventory.js';
import { ClientKeys } from './client-keys.js';
import { Configuration } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { DatabaseServer } from './database/tokens.js';
import { Drain } from './http/drain.js';
import { Endpoints } from './http/endpoints.js';
import { IdempotencyInterceptor } from './http/idempotency.js';
import { OpenApi } from './http/openapi.js';
import { ProblemFilter } from './http/problem-filter.js';
import { RateLimiter, RateLimitInterceptor } from './http/rate-limiter.js';
import { Readiness } from './http/readiness.js';
import { validation } from './http/validation.js';
import { Log } from './logging/log.js';
import { loadMasterKey, MasterKey } from './master-key.js';
import { Metrics } from './metrics.js';
import { ProvidersModule } from './providers.js';

/** What every module stands on; nothing in here knows a noun of the product. */
@Global()
@Module({})
export class PlatformModule {}

/** @param server up and migrated; stopped by whoever opened it, after everything here has closed */
export const platform = (configuration: Configuration, log: Log, server: DatabaseServer): DynamicModule => ({
  module: PlatformModule,
  imports: [ProvidersModule, DiscoveryModule, DatabaseModule],
  providers: [
    { provide: Configuration, useValue: configuration },
    { provide: Log, useValue: log },
    { provide: DatabaseServer, useValue: server },
    { provide: MasterKey, useFactory: () => loadMasterKey(configuration) },
    ClientKeys,
    Drain,
    Endpoints,
    Metrics,
    OpenApi,
    RateLimiter,
    Readiness,
    RouteInventory,
    { provide: APP_GUARD, useClass: AuthorizationGuard },
    { provide: APP_INTERCEPTOR, useClass: RateLimitInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useFactory: validation },
  ],
  exports: [
    Configuration,
    DatabaseServer,
    Log,
    MasterKey,
    ClientKeys,
    Drain,
    Endpoints,
    Metrics,
    OpenApi,
    RateLimiter,
    Readiness,
    RouteInventory,
    DiscoveryModule,
  ],
});
