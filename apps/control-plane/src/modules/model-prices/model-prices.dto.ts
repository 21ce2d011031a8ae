import { modelPattern } from '@sallyport/models';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsNumber, IsOptional, Matches, Max, Min, ValidateNested } from 'class-validator';

const dearest = 1_000_000;

/** US dollars for a million tokens. */
export class PriceBody {
  /** A model's name, or how it begins and then `*`. */
  @Matches(modelPattern, { message: 'pattern must be the name of a model, or how it begins and then *' })
  pattern: string;

  /** For prompts with more tokens than this only. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000_000)
  over_tokens: number = 0;

  @IsNumber()
  @Min(0)
  @Max(dearest)
  input: number;

  @IsNumber()
  @Min(0)
  @Max(dearest)
  output: number;

  @IsNumber()
  @Min(0)
  @Max(dearest)
  cache_read: number;

  @IsNumber()
  @Min(0)
  @Max(dearest)
  cache_write: number;
}

export class ReplacePricesBody {
  /** All of the installation's own prices; what is not in it is a list price again. */
  @IsArray()
  @ArrayMaxSize(500)
  @ValidateNested({ each: true })
  @Type(() => PriceBody)
  prices: PriceBody[];

  /** Refuse with 409 when another version is in force. */
  @IsOptional()
  @IsInt()
  @Min(0)
  expected_version?: number;
}
