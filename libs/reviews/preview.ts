import { GatewayError } from '@sallyport/core';

/** Longer statements cannot be reviewed: nobody approves what is not shown whole. */
export const maxPreviewCharacters = 100_000;

/**
 * Everything that hides, reorders or imitates text: controls but the line feed, formats (bidi, zero-width, tags),
 * characters that may be ignored when shown (fillers, variation selectors), separators but the plain space, private,
 * unassigned and broken ones, and the blank of Braille.
 */
const unseen = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
/** Long gaps push text out of sight. */
const gap = / {24,}|\n{4,}/g;

const escaped = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16).padStart(4, '0')}}`;
const measured = (run: string): string =>
  run[0] === ' ' ? ` [${run.length} spaces] ` : `\n[${run.length} line feeds]\n`;

/** @returns the text with nothing hidden in it, and its length in characters behind it */
export function previewOf(text: string): string {
  return `${visible(text)}\n(${counted([...text].length)})`;
}

/** One line a parameter: `$1 = "…"`; SQL's NULL stands without quotes. */
export function previewOfParameters(parameters: readonly (string | null)[]): string[] {
  return parameters.map((value, index) => {
    if (value === null) return `$${index + 1} = NULL`;
    return `$${index + 1} = "${visible(value).replaceAll('\n', '\\n')}" (${counted([...value].length)})`;
  });
}

const visible = (text: string): string => text.replace(unseen, escaped).replace(gap, measured);
const counted = (count: number): string => `${count} character${count === 1 ? '' : 's'}`;

/** @throws GatewayError TOO_LARGE when a reviewer could not be shown the whole of it */
export function refuseUnreadable(text: string, parameters: readonly (string | null)[] = []): void {
  const length = parameters.reduce((sum, value) => sum + (value?.length ?? 4), text.length);
  if (length <= maxPreviewCharacters) return;
  throw new GatewayError(
    'TOO_LARGE',
    `a statement of ${length} characters with its parameters is too long for a review`,
    {
      hint: `split it: reviewers are shown at most ${maxPreviewCharacters} characters`,
    },
  );
}
