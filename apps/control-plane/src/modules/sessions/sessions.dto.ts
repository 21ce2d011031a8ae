import { Type } from 'class-transformer';
import { IsDate, IsIn, IsInt, IsOptional, IsString, IsUUID, Length, Max, Min } from 'class-validator';
import { PageQuery } from '../../platform/index.js';

export class SessionsQuery extends PageQuery {
  /** A person's or service account's id. */
  @IsOptional()
  @IsUUID()
  person?: string;

  /** A connection's name. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  connection?: string;

  @IsOptional()
  @IsIn(['open', 'ended'])
  state?: 'open' | 'ended';

  /** ISO 8601: begun at or after this time. */
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

export class ReplayQuery {
  /** Steps of one page: a replay reads better in one piece than a list does. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2000)
  limit: number = 1000;

  @IsOptional()
  @IsString()
  @Length(1, 300)
  cursor?: string;
}
