import type { SessionId } from '@sallyport/core';
import { Type } from 'class-transformer';
import { IsDate, IsOptional, IsString, IsUUID, Length } from 'class-validator';

export class ExportQuery {
  @IsOptional()
  @IsUUID()
  session?: SessionId;

  /** ISO 8601: sessions that began at or after this time. */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  from?: Date;

  /** ISO 8601: and before this one. */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  to?: Date;
}

export class ReasonQuery {
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

export class RepairBody {
  @IsString()
  @Length(1, 500)
  reason!: string;
}
