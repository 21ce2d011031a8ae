import { Module, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Notifications, Readiness } from '../../platform/index.js';
import { HealthController } from './health.controller.js';
import { OpenApiController } from './openapi.controller.js';

@Module({ controllers: [HealthController, OpenApiController] })
export class HealthModule implements OnModuleInit {
  constructor(
    private readonly readiness: Readiness,
    private readonly database: DataSource,
    private readonly notifications: Notifications,
  ) {}

  onModuleInit(): void {
    this.readiness.register('database', async () => {
      await this.database.query('select 1');
      return undefined;
    });
    this.readiness.register('notifications', async () =>
      this.notifications.connected ? undefined : 'changes made elsewhere are not heard',
    );
  }
}
