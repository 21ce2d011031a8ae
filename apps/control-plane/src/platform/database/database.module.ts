import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Configuration } from '../config.js';
import { Log } from '../logging/log.js';
import { poolOptions } from './connection-options.js';
import { Notifications } from './notifications.js';
import { DatabaseServer, KeysPool, RecorderPool } from './tokens.js';

// An idle connection that the server closes emits an error, which would otherwise end the process.
const logged = <P extends RecorderPool | KeysPool>(pool: P, log: Log): P => {
  pool.on('error', (error) => log.warn('database.connection-lost', { error }));
  return pool;
};

@Global()
@Module({
  providers: [
    {
      provide: RecorderPool,
      useFactory: ({ url }: DatabaseServer, { database }: Configuration, log: Log) =>
        logged(
          new RecorderPool(
            poolOptions(database.recorderUrl ?? url, 'sallyport_recorder', Math.max(2, database.poolSize / 2)),
          ),
          log,
        ),
      inject: [DatabaseServer, Configuration, Log],
    },
    {
      provide: KeysPool,
      useFactory: ({ url }: DatabaseServer, { database }: Configuration, log: Log) =>
        logged(new KeysPool(poolOptions(database.keysUrl ?? url, 'sallyport_keys', 2)), log),
      inject: [DatabaseServer, Configuration, Log],
    },
    Notifications,
  ],
  exports: [RecorderPool, KeysPool, Notifications],
})
class StoreModule implements OnApplicationShutdown {
  constructor(
    @Inject(RecorderPool) private readonly recorder: RecorderPool,
    @Inject(KeysPool) private readonly keys: KeysPool,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.recorder.end(), this.keys.end()]);
  }
}

/** The store: TypeORM's DataSource as `sallyport_app`, the two narrower pools, and notifications. */
@Module({
  imports: [
    StoreModule,
    TypeOrmModule.forRootAsync({
      inject: [DatabaseServer, Configuration, Log],
      useFactory: ({ url }: DatabaseServer, { database }: Configuration, log: Log) => {
        const { connectionString: _, ...extra } = poolOptions(url, 'sallyport_app', database.poolSize);
        return {
          type: 'postgres' as const,
          url,
          extra,
          autoLoadEntities: true,
          installExtensions: false,
          retryAttempts: 0,
          poolErrorHandler: (error: unknown) => log.warn('database.connection-lost', { error }),
        };
      },
      dataSourceFactory: async (options) => new DataSource(options!).initialize(),
    }),
  ],
})
export class DatabaseModule {}
