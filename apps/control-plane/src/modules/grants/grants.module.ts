import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsService } from './grants.service.js';
import { PersonRecords } from './person-records.js';

@Module({ imports: [EvidenceModule], providers: [GrantsService, PersonRecords], exports: [GrantsService] })
export class GrantsModule {}
