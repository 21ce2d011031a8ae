import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsLine, IsName } from '../../platform/index.js';

export class IssueTicketBody {
  @IsName()
  connection: string;

  /** The AI client's own words for its session, turn and tool call: kept as claims. */
  @IsOptional()
  @IsLine(200)
  ai_session?: string;

  @IsOptional()
  @IsLine(200)
  turn?: string;

  @IsOptional()
  @IsLine(200)
  tool_call?: string;

  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(900)
  ttl_seconds?: number;
}
