import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsLine, IsName } from '../../platform/index.js';

export class IssueTicketBody {
  @IsName()
  connection: string;

  /** Which AI client it is, `claude-code` or `codex` or what it calls itself: its ids mean something within it only. */
  @IsOptional()
  @IsLine(100)
  ai_client?: string;

  /** The AI client's own words for its session, turn and tool call: claims, until a witness has told the same. */
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
