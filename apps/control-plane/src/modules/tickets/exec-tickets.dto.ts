import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsLine, namePattern } from '../../platform/index.js';

/** Of a command; a longer one gets no tickets. */
const mostCommand = 256 * 1024;

export class ExecTicketsBody {
  /** `claude-code`, `codex`, or what the client calls itself. */
  @IsLine(100)
  client: string;

  /** The client's own id of its conversation. */
  @IsLine(200)
  ai_session: string;

  /** What is run: the tool call's command, or the whole line in which the client has put it. */
  @IsString()
  @MaxLength(mostCommand)
  command: string;

  /** The client's own id of the tool call, where it tells its children. */
  @IsOptional()
  @IsLine(200)
  tool_call?: string;

  /** W3C Trace Context. */
  @IsOptional()
  @Matches(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, { message: '$property must be a W3C traceparent' })
  traceparent?: string;

  /** The sub-agent's path, ids joined by `/`: a claim, where no witness knows the tool call. */
  @IsOptional()
  @IsLine(500)
  agent?: string;

  /** Names; those that you may not use are left out, as if they were not there. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 63, { each: true })
  @Matches(namePattern, { each: true, message: '$property must hold names of connections' })
  connections?: string[];

  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(900)
  ttl_seconds?: number;
}
