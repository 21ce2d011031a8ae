import { type Role, roles } from '@sallyport/core';
import { ArrayUnique, IsArray, IsBoolean, IsIn, IsOptional } from 'class-validator';

export class UpdatePersonBody {
  @IsOptional()
  @IsBoolean()
  disabled?: boolean;

  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(roles, { each: true })
  roles?: Role[];
}
