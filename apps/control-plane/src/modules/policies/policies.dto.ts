import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Assurance, assurances, type IdentityClass, identityClasses, type PersonId } from '@sallyport/core';
import { maxTextBytes } from '@sallyport/policy';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';

const maxVersion = 2_147_483_647;

export class PolicyTextBody {
  @ApiProperty({ description: 'Cedar text' })
  @IsString()
  @MaxLength(maxTextBytes)
  text: string;
}

class Expecting {
  @ApiPropertyOptional({ description: 'refuse with 409 when another version is in force; 0 for none' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(maxVersion)
  expected_version?: number;

  @ApiPropertyOptional({ maxLength: 500 })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  comment?: string;
}

export class CreatePolicyBody extends Expecting {
  @ApiProperty({ description: 'Cedar text' })
  @IsString()
  @MaxLength(maxTextBytes)
  text: string;
}

export class ActivatePolicyBody extends Expecting {}

export class TestIdentityBody {
  @ApiPropertyOptional({ enum: identityClasses, default: 'person' })
  @IsOptional()
  @IsIn(identityClasses)
  class?: IdentityClass;

  @ApiPropertyOptional({ type: [String] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(500)
  @IsString({ each: true })
  @MaxLength(200, { each: true })
  groups?: string[];
}

export class TestPolicyBody {
  @ApiPropertyOptional({ description: 'Cedar text to try instead of the policies in force' })
  @IsOptional()
  @IsString()
  @MaxLength(maxTextBytes)
  text?: string;

  @ApiPropertyOptional({ description: 'a person or service account, with the groups of its last login' })
  @IsOptional()
  @IsUUID()
  person?: PersonId;

  @ApiPropertyOptional({
    description: 'an invented identity; without this and `person`, the caller',
    type: TestIdentityBody,
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => TestIdentityBody)
  identity?: TestIdentityBody;

  @ApiProperty({ description: 'name of a connection' })
  @IsString()
  @MaxLength(63)
  connection: string;

  @ApiProperty({
    description:
      'what would be run: SQL, a call as dynamodb:DeleteItem {"TableName": "orders"}, a request as anthropic.messages {"model": …}, or a tool call as tool Bash {"command": "ls"}',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(100_000)
  statement: string;

  @ApiPropertyOptional({ description: 'the first of the connection’s unless given' })
  @IsOptional()
  @IsString()
  @MaxLength(63)
  database?: string;

  @ApiPropertyOptional({ description: 'as if an AI session asked', default: false })
  @IsOptional()
  @IsBoolean()
  ai_session?: boolean;

  @ApiPropertyOptional({ description: 'as if so much above reading had been allowed in the turn before', default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  turn_writes?: number;

  @ApiPropertyOptional({ description: 'as if a tool of the turn had read what strangers write', default: false })
  @IsOptional()
  @IsBoolean()
  untrusted_content?: boolean;

  @ApiPropertyOptional({ enum: assurances, description: 'how sure it is which prompt asked', default: 'ticketed' })
  @IsOptional()
  @IsIn(assurances)
  assurance?: Assurance;
}

class AuthorView {
  @ApiProperty({ type: String, nullable: true })
  readonly id: string | null;

  @ApiProperty()
  readonly name: string;
}

export class PolicyView {
  @ApiProperty({ description: '0 while no policy has been written' })
  readonly version: number;

  @ApiProperty()
  readonly text: string;

  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 of the text, as evidence has it' })
  readonly digest: string | null;

  @ApiProperty()
  readonly comment: string;

  @ApiProperty({ type: AuthorView, nullable: true })
  readonly author: AuthorView | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  readonly created_at: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'null unless it is in force' })
  readonly activated_at: string | null;
}

export class PolicyPageView {
  @ApiProperty({ type: [PolicyView] })
  readonly items: readonly PolicyView[];

  @ApiProperty({ type: String, nullable: true })
  readonly next_cursor: string | null;
}

export class PackView {
  @ApiProperty()
  readonly name: string;

  @ApiProperty()
  readonly title: string;

  @ApiProperty()
  readonly text: string;
}

export class PacksView {
  @ApiProperty({ type: [PackView] })
  readonly items: readonly PackView[];

  @ApiProperty({ type: String, nullable: true })
  readonly next_cursor: null;
}

export class SchemaView {
  @ApiProperty({ description: 'Cedar schema: what policies can speak about' })
  readonly schema: string;
}

export class ProblemView {
  @ApiProperty({ enum: ['error', 'warning'] })
  readonly severity: 'error' | 'warning';

  @ApiPropertyOptional()
  readonly policy?: string;

  @ApiProperty()
  readonly message: string;

  @ApiPropertyOptional()
  readonly hint?: string;

  @ApiPropertyOptional()
  readonly line?: number;
}

export class ValidationView {
  @ApiProperty()
  readonly valid: boolean;

  @ApiProperty({ type: [ProblemView] })
  readonly problems: readonly ProblemView[];
}

export class TestView {
  @ApiProperty({ enum: ['allow', 'review', 'deny'] })
  readonly outcome: 'allow' | 'review' | 'deny';

  @ApiProperty({ type: [String], description: 'the policies that decided' })
  readonly policies: readonly string[];

  @ApiProperty({ description: '0 for a text that was given' })
  readonly policy_version: number;

  @ApiPropertyOptional({ type: Object })
  readonly refusal?: object;

  @ApiPropertyOptional({ type: Object })
  readonly requirement?: object;

  @ApiProperty({ type: Object, description: 'the statement as the policies see it' })
  readonly operation: object;

  @ApiProperty({ description: 'whether names were resolved against what the agent knows of the target' })
  readonly resolved: boolean;
}
