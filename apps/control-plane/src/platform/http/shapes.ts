import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayUnique, IsArray, IsOptional, IsString, Length, Matches } from 'class-validator';

/** Lower-case letters, digits and hyphens, 1 to 63, starting with a letter: fits host names, URLs and certificates. */
export const namePattern = /^[a-z][a-z0-9-]{0,62}$/;

export const IsName = (): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Matches(namePattern, {
      message: '$property must be 1 to 63 lower-case letters, digits or hyphens, starting with a letter',
    }),
  );

// Control, bidirectional and zero-width characters could make a name look like another.
const printable = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** One line that people read. */
export const IsLine = (most: number, least = 1): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(least, most),
    Matches(printable, { message: '$property must be one line without control characters' }),
  );

/** A set of such lines; absent is allowed. */
export const IsLines = (mostItems: number, mostLength: number): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    IsArray(),
    ArrayMaxSize(mostItems),
    ArrayUnique(),
    IsString({ each: true }),
    Length(1, mostLength, { each: true }),
    Matches(printable, { each: true, message: '$property must hold lines without control characters' }),
  );
