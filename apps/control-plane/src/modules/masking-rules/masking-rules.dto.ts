import { type MaskingAction, type MaskingRule, maskingActions } from '@sallyport/core';
import { IsIn, IsOptional, ValidateIf } from 'class-validator';
import { IsLine, IsLines, IsName } from '../../platform/index.js';

export class CreateMaskingRuleBody {
  /** Made up when absent. */
  @IsOptional()
  @IsName()
  id?: string;

  /** Null or absent: every connection. */
  @IsOptional()
  @IsName()
  connection?: string | null;

  @IsIn(['column', 'detector', 'field'])
  kind: MaskingRule['kind'];

  /** `schema.table.column`, each part a name or `*`. */
  @ValidateIf(({ kind, column }: CreateMaskingRuleBody) => kind === 'column' || column !== undefined)
  @IsLine(200)
  column?: string;

  @ValidateIf(({ kind, detector }: CreateMaskingRuleBody) => kind === 'detector' || detector !== undefined)
  @IsLine(100)
  detector?: string;

  /** `service:operation:path`, as in `dynamodb:*:Items[].email`. */
  @ValidateIf(({ kind, field }: CreateMaskingRuleBody) => kind === 'field' || field !== undefined)
  @IsLine(400)
  field?: string;

  @IsIn(maskingActions)
  action: MaskingAction;

  @IsLines(50, 200)
  exempt_groups?: string[];
}

export class UpdateMaskingRuleBody {
  @IsOptional()
  @IsLine(200)
  column?: string;

  @IsOptional()
  @IsLine(100)
  detector?: string;

  @IsOptional()
  @IsLine(400)
  field?: string;

  @IsOptional()
  @IsIn(maskingActions)
  action?: MaskingAction;

  @IsLines(50, 200)
  exempt_groups?: string[];
}
