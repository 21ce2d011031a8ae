import { Module } from '@nestjs/common';
import { SelfChecks } from './self-checks.js';

/** Apart from the agents themselves, so that who asks about their logins needs no tunnel. */
@Module({ providers: [SelfChecks], exports: [SelfChecks] })
export class SelfChecksModule {}
