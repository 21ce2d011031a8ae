import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsName } from '../../platform/index.js';

export class CreateEnrolmentKeyBody {
  @IsName()
  name: string;

  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(7 * 24 * 3600)
  ttl_seconds?: number;
}
