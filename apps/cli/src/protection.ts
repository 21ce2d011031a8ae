import { plainLine } from './plain-text.js';
import { sheet } from './table.js';

/** Whether a target agrees that a connection's login may do no more than it should; the reasons for who may see them. */
export interface Protection {
  readonly state: string;
  readonly problems?: number;
  readonly findings?: readonly { readonly agent: string; readonly database: string; readonly problem: string }[];
  readonly unasked?: readonly { readonly agent?: string; readonly database: string; readonly reason: string }[];
  readonly advice?: string;
}

export const stateOf = (protection: Protection | undefined): string | undefined =>
  protection && `${protection.state}${protection.problems ? ` (${protection.problems})` : ''}`;

/** A connection, a fact a line, and behind it why it is not protected. */
export const protectionSheet = (
  shown: Readonly<Record<string, unknown>> & { readonly protection?: Protection },
): string => sheet({ ...shown, protection: stateOf(shown.protection) }) + reasonsOf(shown.protection);

const reasonsOf = ({ findings = [], unasked = [], advice }: Protection = { state: '' }): string =>
  [
    ...findings.map(({ agent, database, problem }) => `${agent}, ${database}: ${problem}`),
    ...unasked.map(({ agent = 'no agent', database, reason }) => `${agent}, ${database}: ${reason}`),
    ...(advice === undefined ? [] : [advice]),
  ]
    .map((line) => `  ${plainLine(line)}\n`)
    .join('');
