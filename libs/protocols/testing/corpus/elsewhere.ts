/**
 * Cases about how sessions begin, live and end, about reviews and evidence: each is played by a test of the part that answers
 * for it, which is named here by file and title.
 */
import { readFileSync } from 'node:fs';

const root = new URL('../../../../', import.meta.url);

const clients = 'libs/protocols/postgres/hostile-clients.spec.ts';
const targets = 'libs/protocols/postgres/hostile-targets.spec.ts';
const wire = 'libs/protocols/postgres/corpus-wire.spec.ts';
const modules = 'apps/control-plane/src/modules';
const faults = 'e2e/specs/faults.e2e.ts';
const recordings = `${modules}/recording/recording-attacks.spec.ts`;
const reviews = `${modules}/reviews/reviews.spec.ts`;

/** File and title by case. */
export const playedElsewhere: ReadonlyMap<string, readonly [file: string, title: string]> = new Map([
  ['PG-155', [wire, 'a statement without end is ended by the limit of a hardened login']],
  ['PG-174', [wire, 'replication is refused in each of its forms']],
  ['PG-175', [wire, 'replication is refused in each of its forms']],
  ['PG-176', [wire, 'what texts are read by cannot be chosen at the start']],
  ['PG-177', [wire, 'a role cannot be chosen at the start']],
  ['PG-178', [clients, 'a newer minor version is negotiated down']],
  ['PG-179', [clients, 'GSSENC is refused with one byte, and the client may go on']],
  ['PG-181', [clients, 'TLS inside TLS']],
  ['PG-184', [wire, 'a cancel request with a guessed key cancels nothing']],
  ['PG-185', [wire, 'a key that is another’s, or the target’s own, cancels nothing']],
  ['PG-186', [wire, 'a length below four']],
  ['PG-189', [clients, 'a message of an unknown type']],
  ['PG-190', [wire, 'what only a server says']],
  ['PG-191', [clients, 'a Bind that lies about its parameters']],
  ['PG-194', [targets, 'a row of more columns than were described']],
  ['PG-195', [targets, 'a row that was never described']],
  [
    'GW-019',
    [
      faults,
      'a login that expires ends the sessions behind it within a minute, in mid-statement too, and its client was warned',
    ],
  ],
  [
    'GW-020',
    [`${modules}/tickets/tickets.spec.ts`, 'is out at once when it is disabled or deleted, and its name stays taken'],
  ],
  [
    'GW-021',
    [
      `${modules}/policies/policies.spec.ts`,
      'is in force here when the answer comes, soon on the other replica, and on record',
    ],
  ],
  [
    'GW-022',
    [
      `${modules}/tickets/tickets.spec.ts`,
      'a deleted connection opens nothing more, and neither does a new one of its name',
    ],
  ],
  [
    'GW-023',
    [
      faults,
      'that refuses the agent’s credential gives a clear error, and a rotated file is noticed by the next session, while one goes on',
    ],
  ],
  ['GW-038', [reviews, 'has A approved cannot run B with it']],
  ['GW-039', [reviews, 'is shown to its reviewers as it is, and runs once when one of them approves']],
  ['GW-040', [reviews, 'waits on two replicas at once has it run once']],
  ['GW-041', [faults, 'is for its parameters: approved with some, it runs with no others']],
  ['GW-046', [reviews, 'hides text in what is too long to be shown is refused at once']],
  [
    'GW-057',
    [
      'apps/agent/src/agent.spec.ts',
      'a session reaches the target’s own side, with the minimum of masking whatever the plan says',
    ],
  ],
  [
    'GW-081',
    [
      `${modules}/evidence/evidence-attacks.spec.ts`,
      'an owner who changes a stored body is found by the export, and the log goes on',
    ],
  ],
  ['GW-086', [recordings, 'two recordings that change places between their sessions']],
  ['GW-088', [recordings, 'a recording without its last piece']],
  [
    'GW-091',
    [
      `${modules}/recording/recorder.spec.ts`,
      'refuses while it is gone, lets no session go on in doubt, and recovers by itself',
    ],
  ],
  [
    'GW-092',
    [faults, 'whose disk is full: what cannot be recorded is not run, and the next session works when there is room'],
  ],
  [
    'GW-094',
    [
      'libs/protocols/postgres/recording.spec.ts',
      'a recorder of 100 KB/s slows its client down: nothing is shown before it is kept, nothing dropped, and the target waits',
    ],
  ],
  [
    'GW-095',
    [
      'e2e/specs/evidence.e2e.ts',
      'an agent that is killed in the middle of a response leaves all that the client got, and the note that it did not sign',
    ],
  ],
  ['GW-096', [faults, 'its sessions are ended on record, what was in flight is unknown, and nothing is run again']],
  ['GW-099', ['apps/quickstart/src/quickstart.spec.ts', 'leaves no secret in its logs or in what it printed']],
  ['GW-107', [`${modules}/policies/policies.spec.ts`, 'denies everything, and says that there is no policy yet']],
]);

/** @returns the cases whose test is not where it is said to be */
export const lost = (): string[] =>
  [...playedElsewhere].filter(([, [file, title]]) => !contains(file, title)).map(([id]) => id);

const contains = (file: string, title: string): boolean => readFileSync(new URL(file, root), 'utf8').includes(title);
