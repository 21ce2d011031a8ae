import {
  type BudgetScope,
  type BudgetSubject,
  type BudgetWindow,
  budgetScopes,
  budgetSubjects,
  budgetWindows,
  modelPattern,
} from '@sallyport/models';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { IsLine, IsLines, IsName } from '../../platform/index.js';

const mostTokens = 1_000_000_000_000_000;
const mostUsd = 1_000_000_000;

export class AppliesToBody {
  @IsIn(budgetScopes)
  kind: BudgetScope['kind'];

  /** Of an identity its id, of an AI session `client:id`, else a name; of everybody nothing. */
  @ValidateIf(({ kind, value }: AppliesToBody) => kind !== 'everybody' || value !== undefined)
  @IsLine(300)
  value?: string;
}

class Limits {
  /** Input, output, read from caches and written to them: all that the API counts. Null or absent: no limit of tokens. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(mostTokens)
  limit_tokens?: number | null;

  /** Null or absent: no limit of money. */
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 6 })
  @Min(0)
  @Max(mostUsd)
  limit_usd?: number | null;

  /** Names of models, or how they begin and then `*`; none for all. */
  @IsLines(50, 200)
  @Matches(modelPattern, { each: true, message: 'models must hold names of models, or how they begin and then *' })
  models?: string[];
}

export class CreateBudgetBody extends Limits {
  @IsName()
  name: string;

  @IsObject()
  @ValidateNested()
  @Type(() => AppliesToBody)
  applies_to: AppliesToBody;

  /** What has a count of its own. */
  @IsIn(budgetSubjects)
  per: BudgetSubject;

  @IsIn(budgetWindows)
  window: BudgetWindow;
}

/** What is counted stays what it was: for another scope or window make another budget. */
export class UpdateBudgetBody extends Limits {}
