import { plain } from '../plain-text.js';
import type { Change } from './change.js';

type Line = readonly [mark: ' ' | '+' | '-', text: string];

const context = 2;

/** Longest common subsequence by rows from the end; settings are short. */
const linesOf = (before: readonly string[], after: readonly string[]): Line[] => {
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      common[i]![j] =
        before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push([' ', before[i]!]);
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push(['-', before[i]!]);
      i += 1;
    } else {
      lines.push(['+', after[j]!]);
      j += 1;
    }
  }
  return lines;
};

const split = (bytes: Buffer | undefined): string[] => {
  const text = bytes?.toString('utf8') ?? '';
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
};

/** What changes in a file, with a little of what stands around it; its last line's end is not shown. */
export const diffOf = ({ path, before, after }: Change): string => {
  const lines = linesOf(split(before), split(after));
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - context), at + context + 1).some(([mark]) => mark !== ' '),
  );
  const shown = lines.flatMap(([mark, text], at) => {
    if (near[at]) return [`  ${mark} ${plain(text)}`];
    return near[at - 1] || at === 0 ? ['    …'] : [];
  });
  const what = before === undefined ? 'new' : after === undefined ? 'removed' : 'changed';
  return [`${plain(path)} (${what})`, ...shown].join('\n').concat('\n');
};
