import type { ProtocolName } from '@sallyport/core';
import { protocols } from '@sallyport/protocols';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { IsLine, IsLines, IsName, namePattern } from '../../platform/index.js';

/** Protocols that this version can carry. */
const carried = protocols.map(({ name }) => name);

// What PostgreSQL takes as a database name, without what cannot be typed in a connection string.
const databaseName = /^[^\p{Cc}\p{Cf}"'\\/\s]+$/u;

// What kind of problem it is must be said: nobody accepts everything at once.
const problemPattern = /^[a-z][a-z -]*: ./u;

const regionName = /^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$/;
const accountId = /^[0-9]{12}$/;
const roleArn = /^(|arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512})$/;

export class CreateConnectionBody {
  @IsName()
  name: string;

  @IsIn(carried)
  protocol: ProtocolName;

  @IsName()
  target: string;

  /** Needed where the protocol has databases, and refused where it has none. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 63, { each: true })
  @Matches(databaseName, { each: true, message: 'databases must hold names of databases' })
  databases?: string[];

  @IsLines(20, 63)
  @Matches(namePattern, { each: true, message: 'labels must be 1 to 63 lower-case letters, digits or hyphens' })
  labels?: string[];

  @IsOptional()
  @IsBoolean()
  record_responses?: boolean;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  max_sessions?: number;

  /** No session while the connection is not protected. */
  @IsOptional()
  @IsBoolean()
  require_protected?: boolean;

  /** What the login at the target may do beyond the least, as its self-check says it; `*` in it stands for any text. */
  @IsLines(200, 700)
  @Matches(problemPattern, {
    each: true,
    message: 'accepted_problems must hold problems, as "can write: app.orders *"',
  })
  accepted_problems?: string[];

  /** Of AWS: none means every one that the agent's own file allows. */
  @IsLines(100, 32)
  @Matches(regionName, { each: true, message: 'regions must hold names like "eu-west-1"' })
  regions?: string[];

  /** Of AWS: account ids, none means every one that the agent's own file allows. */
  @IsLines(100, 12)
  @Matches(accountId, { each: true, message: 'accounts must hold account ids of twelve digits' })
  accounts?: string[];

  /** Of AWS: the ARN of a role that each call is scoped by; the agent's own file must list it. Empty takes it away. */
  @IsOptional()
  @IsString()
  @Matches(roleArn, { message: 'role must be the ARN of an IAM role, or empty' })
  role?: string;
}

export class HardenBody {
  /** Needed where the connection has several. */
  @IsOptional()
  @IsLine(63)
  database?: string;

  @IsOptional()
  @IsLine(63)
  role?: string;

  /** None means every one that is the application's. */
  @IsLines(100, 63)
  schemas?: string[];

  @IsOptional()
  @IsBoolean()
  read_write?: boolean;

  /** `schema.table.column`, * for any name. */
  @IsLines(1_000, 400)
  withhold?: string[];
}

export class UpdateConnectionBody {
  /** Refused when the connection has changed since this version was read. */
  @IsOptional()
  @IsInt()
  @Min(1)
  expected_version?: number;

  @IsOptional()
  @IsName()
  target?: string;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 63, { each: true })
  @Matches(databaseName, { each: true, message: 'databases must hold names of databases' })
  databases?: string[];

  @IsLines(20, 63)
  @Matches(namePattern, { each: true, message: 'labels must be 1 to 63 lower-case letters, digits or hyphens' })
  labels?: string[];

  @IsOptional()
  @IsBoolean()
  record_responses?: boolean;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  max_sessions?: number;

  /** No session while the connection is not protected. */
  @IsOptional()
  @IsBoolean()
  require_protected?: boolean;

  /** What the login at the target may do beyond the least, as its self-check says it; `*` in it stands for any text. */
  @IsLines(200, 700)
  @Matches(problemPattern, {
    each: true,
    message: 'accepted_problems must hold problems, as "can write: app.orders *"',
  })
  accepted_problems?: string[];

  /** Of AWS: none means every one that the agent's own file allows. */
  @IsLines(100, 32)
  @Matches(regionName, { each: true, message: 'regions must hold names like "eu-west-1"' })
  regions?: string[];

  /** Of AWS: account ids, none means every one that the agent's own file allows. */
  @IsLines(100, 12)
  @Matches(accountId, { each: true, message: 'accounts must hold account ids of twelve digits' })
  accounts?: string[];

  /** Of AWS: the ARN of a role that each call is scoped by; the agent's own file must list it. Empty takes it away. */
  @IsOptional()
  @IsString()
  @Matches(roleArn, { message: 'role must be the ARN of an IAM role, or empty' })
  role?: string;
}
