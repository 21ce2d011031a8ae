import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { maxReason, type ReviewState, reviewStates, type Verdict, verdicts } from '@sallyport/reviews';
import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { PageQuery } from '../../platform/index.js';

export class ReviewsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: reviewStates })
  @IsOptional()
  @IsIn(reviewStates)
  state?: ReviewState;
}

export class VerdictBody {
  @ApiProperty({ enum: verdicts })
  @IsIn(verdicts)
  verdict: Verdict;

  @ApiProperty({ minLength: 1, maxLength: maxReason })
  @IsString()
  @MinLength(1)
  @MaxLength(maxReason)
  reason: string;
}

class RequesterView {
  @ApiProperty()
  readonly id: string;

  @ApiProperty({ enum: ['person', 'machine', 'ai'] })
  readonly class: string;

  @ApiProperty()
  readonly name: string;
}

class RequirementView {
  @ApiProperty({ type: [String], description: 'someone of each must approve' })
  readonly groups: readonly string[];

  @ApiProperty()
  readonly approvals: number;

  @ApiProperty({ enum: ['deny', 'allow'] })
  readonly on_timeout: string;

  @ApiProperty({ type: String, nullable: true })
  readonly message: string | null;
}

class VoterView {
  @ApiProperty()
  readonly id: string;

  @ApiProperty()
  readonly name: string;
}

class VoteView {
  @ApiProperty({ type: VoterView })
  readonly by: VoterView;

  @ApiProperty({ type: [String] })
  readonly groups: readonly string[];

  @ApiProperty({ enum: verdicts })
  readonly verdict: Verdict;

  @ApiProperty()
  readonly reason: string;

  @ApiProperty({ format: 'date-time' })
  readonly at: string;
}

export class ReviewView {
  @ApiProperty({ format: 'uuid' })
  readonly id: string;

  @ApiProperty({ enum: reviewStates })
  readonly state: ReviewState;

  @ApiProperty({ description: 'the statement with nothing hidden in it, and its length' })
  readonly preview: string;

  @ApiProperty({ type: [String] })
  readonly parameters: readonly string[];

  @ApiProperty()
  readonly action: string;

  @ApiProperty()
  readonly risk: string;

  @ApiProperty({ type: [String] })
  readonly resources: readonly string[];

  @ApiProperty()
  readonly connection: string;

  @ApiProperty()
  readonly database: string;

  @ApiProperty({ type: RequesterView })
  readonly requested_by: RequesterView;

  @ApiProperty({ type: String, nullable: true, description: 'how sure it is which prompt asked, when it was asked' })
  readonly assurance: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly ai_client: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly ai_session: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly turn: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly tool_call: string | null;

  @ApiProperty({ description: 'where it was asked for first' })
  readonly session: string;

  @ApiProperty()
  readonly operation: string;

  @ApiProperty({ description: 'SHA-256 over statement and parameters: what an approval is for' })
  readonly operation_digest: string;

  @ApiProperty({ type: [String] })
  readonly policies: readonly string[];

  @ApiProperty()
  readonly policy_version: number;

  @ApiProperty({ type: RequirementView })
  readonly requirement: RequirementView;

  @ApiProperty({ type: [VoteView] })
  readonly votes: readonly VoteView[];

  @ApiProperty({ description: 'whether the caller could settle it now' })
  readonly can_settle: boolean;

  @ApiProperty({ format: 'date-time' })
  readonly created_at: string;

  @ApiProperty({ format: 'date-time' })
  readonly expires_at: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  readonly settled_at: string | null;
}

class PromptMessageView {
  @ApiProperty()
  readonly seq: number;

  @ApiProperty({ description: 'human, steer, notification, scheduled or sdk' })
  readonly kind: string;

  @ApiProperty({ format: 'date-time' })
  readonly at: string;

  @ApiProperty({ type: String, nullable: true, description: 'null once it has been erased; what is long is cut' })
  readonly text: string | null;

  @ApiProperty({ description: 'of the whole text' })
  readonly bytes: number;
}

class PromptToolCallView {
  @ApiProperty()
  readonly id: string;

  @ApiProperty()
  readonly name: string;

  @ApiProperty({ type: Number, nullable: true, description: 'the message that it follows' })
  readonly message: number | null;

  @ApiProperty({ type: String, nullable: true })
  readonly input: string | null;

  @ApiProperty({ description: 'of the whole input' })
  readonly bytes: number;

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description: 'do hook and model tell the same? null while one of them has',
  })
  readonly agrees: boolean | null;
}

export class ReviewPromptView {
  @ApiProperty()
  readonly client: string;

  @ApiProperty({ description: 'human, notification, scheduled or sdk' })
  readonly origin: string;

  @ApiProperty({ type: String, nullable: true, description: 'the tool by which the turn read what strangers write' })
  readonly untrusted_by: string | null;

  @ApiProperty({ type: [PromptMessageView], description: 'the last of the turn, in their order' })
  readonly messages: readonly PromptMessageView[];

  @ApiProperty({ type: PromptToolCallView, nullable: true })
  readonly tool_call: PromptToolCallView | null;
}

export class ReviewDetailView extends ReviewView {
  @ApiProperty({ type: ReviewPromptView, nullable: true, description: 'null where no witness has told of it' })
  readonly prompt: ReviewPromptView | null;
}

export class ReviewPageView {
  @ApiProperty({ type: [ReviewView] })
  readonly items: readonly ReviewView[];

  @ApiProperty({ type: String, nullable: true })
  readonly next_cursor: string | null;
}
