import { Module } from '@nestjs/common';
import { TurnRecords } from './turn-records.js';
import { TurnStates } from './turn-states.js';

@Module({ providers: [TurnRecords, TurnStates], exports: [TurnStates] })
export class TurnsModule {}
