import type { HeaderRecord } from './bundle-records.js';
import type { ReadPins } from './pins.js';
import type { Findings, Range } from './report.js';

export interface Summed {
  readonly header: HeaderRecord;
  readonly pins: ReadPins;
  readonly findings: Findings;
  readonly unwitnessed: readonly Range[];
  /** Leaves that a quorum vouched for. */
  readonly witnessed: number;
  /** Largest checkpoint in words. */
  readonly checkpoint: string;
}

/** What no bundle can show; said every time, so that nobody reads more into a clean report. */
const always = [
  'that nothing was left out before it was recorded: what went round the gateway, or was never logged, is not here',
  'that the gateway’s hosts told the truth when they recorded: whoever captures one before hashing can write true proofs of false events',
  'that this is the log as of today: entries after the largest checkpoint are outside this bundle',
];

/** What this bundle, with these pins, leaves open. */
export function notProvenBy({ header, pins, findings, unwitnessed }: Summed): string[] {
  const open = findings.counts.openSessions;
  const limits: readonly (readonly [boolean, string])[] = [
    [
      header.kind === 'selection',
      'that nothing else in the log concerns these sessions: a selection shows what it holds, not what it omits',
    ],
    [
      pins.held.length === 0,
      'that the log was not cut back, replaced or re-signed with its own key: no checkpoint from elsewhere was pinned',
    ],
    [pins.witnesses.length === 0, 'that others were shown the same log: no witness key was pinned'],
    [open > 0, `how ${open} sessions ended: they were open at the last entry`],
  ];
  const ranges = unwitnessed.map(
    ({ from, to }) =>
      `that others were shown the same entries ${from} to ${to - 1}: no quorum of pinned witnesses cosigned them`,
  );
  return [...always, ...limits.filter(([holds]) => holds).map(([, text]) => text), ...ranges, ...findings.notProven];
}

/** What a bundle without findings shows. */
export function provenBy({ header, pins, findings: { counts }, witnessed, checkpoint }: Summed): string[] {
  const range =
    header.kind === 'log'
      ? `entries 0 to ${counts.entries - 1}, without a gap, are the leaves`
      : `${counts.entries} entries are leaves`;
  const claims: readonly (readonly [boolean, string])[] = [
    [true, `${range} of the tree that log '${pins.origin}' signed (${checkpoint})`],
    [
      witnessed > 0,
      `the first ${witnessed} leaves were vouched for by ${pins.quorumOf} or more of the pinned witnesses`,
    ],
    [
      pins.held.length > 0,
      `the log agrees with the pinned checkpoints (${pins.held.length}), but for those listed as not proven`,
    ],
    [
      counts.sessions > 0,
      `${counts.sessions} sessions with ${counts.operations} operations: numbers without a gap, each outcome after its decision, each decision under a policy on record, each review settled by other people`,
    ],
    [counts.recordings > 0, `${counts.recordings} recordings are those whose signed footers are on record`],
    [
      counts.agentSigned > 0,
      `${counts.agentSigned} recorded responses were signed by the agent that sent them and by the control plane`,
    ],
  ];
  return claims.filter(([holds]) => holds).map(([, text]) => text);
}
