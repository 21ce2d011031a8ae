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
import { IsLines, IsName, namePattern } from '../../platform/index.js';

/** Protocols that this version can carry. */
const carried = protocols.map(({ name }) => name);

// What PostgreSQL takes as a database name, without what cannot be typed in a connection string.
const databaseName = /^[^\p{Cc}\p{Cf}"'\\/\s]+$/u;

export class CreateConnectionBody {
  @IsName()
  name: string;

  @IsIn(carried)
  protocol: ProtocolName;

  @IsName()
  target: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 63, { each: true })
  @Matches(databaseName, { each: true, message: 'databases must hold names of databases' })
  databases: string[];

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
}
