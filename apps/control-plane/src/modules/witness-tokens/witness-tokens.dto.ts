import { IsOptional } from 'class-validator';
import { IsLine } from '../../platform/index.js';

export class IssueWitnessTokenBody {
  /** The AI client that will show it, for example `claude-code`: kept as a claim. */
  @IsOptional()
  @IsLine(100)
  client?: string;
}
