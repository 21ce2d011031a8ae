import { type Role, roles } from '@sallyport/core';
import { ArrayUnique, IsArray, IsBoolean, IsIn, IsOptional } from 'class-validator';
import { IsLine, IsLines, IsName } from '../../platform/index.js';

export class CreateServiceAccountBody {
  @IsName()
  name: string;

  @IsIn(['machine', 'ai'])
  class: 'machine' | 'ai';

  @IsOptional()
  @IsLine(500, 0)
  description?: string;

  @IsLines(50, 200)
  groups?: string[];

  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(roles, { each: true })
  roles?: Role[];

  @IsOptional()
  @IsLine(300)
  client_subject?: string;
}

export class UpdateServiceAccountBody {
  @IsOptional()
  @IsLine(500, 0)
  description?: string;

  @IsLines(50, 200)
  groups?: string[];

  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(roles, { each: true })
  roles?: Role[];

  @IsOptional()
  @IsLine(300)
  client_subject?: string;

  @IsOptional()
  @IsBoolean()
  disabled?: boolean;
}
