/** What each expectation of the corpus obliges, read off the four oracles. Every sentence returned is a failure. */
import { parseReport } from '../../postgres/backend.js';
import type { Message } from '../../postgres/wire.js';
import type { Case, Expectation } from './cases.js';
import type { Played } from './play.js';
import { canariesOf, type World, worlds } from './worlds.js';

export interface Seen extends Readonly<Partial<Record<World, Played>>> {
  /** What the target itself answers, where the answers must be equal. */
  readonly direct?: readonly Message[];
}

const letterOf = ({ raw }: Message): string => String.fromCharCode(raw[0]!);

/** What the gateway sends of its own to fail a transaction: a syntax error that names it. */
const isPoison = (text: string): boolean => /^\s*sallyport\b/i.test(text);

/** Times, memory and the database's own name differ from run to run, or by construction. */
const settled = (text: string): string =>
  text.replaceAll(
    /actual time=[\d.]+\.\.[\d.]+|(Planning|Execution) Time: [\d.]+ ms|Memory: \d+kB|(world|fresh)_[a-z0-9]+|"(Actual \w+ Time|Planning Time|Execution Time)": [\d.]+/g,
    '~',
  );

/** Everything that the client was sent, as one text; the key data of a session is its own. */
export const bytesOf = (heard: readonly Message[]): string =>
  settled(
    heard
      .filter((message) => letterOf(message) !== 'K')
      .map(({ raw }) => raw.toString('latin1'))
      .join('\n'),
  );

export const errorsOf = (heard: readonly Message[]): string[] =>
  heard
    .filter((message) => letterOf(message) === 'E')
    .map((message) => {
      const report = parseReport(message);
      return `${report.get('C')} ${report.get('M')}`;
    });

export const wasDenied = ({ events }: Played): boolean =>
  events.some(({ event }) => event === 'operation.deny' || event === 'operation.denied');

const reachedBy = (played: Played): string[] =>
  played.arrived
    .filter(({ letter, text }) => ('QP'.includes(letter) && !isPoison(text)) || letter === 'F')
    .map(({ letter, text }) => (letter === 'F' ? 'a function call' : text));

/** Values that the client has sent itself are no secrets to it. */
const canariesFor = (one: Case, world: World): string[] => {
  const sent = JSON.stringify(one.input).toLowerCase();
  return canariesOf(world)
    .map((canary) => canary.toLowerCase())
    .filter((canary) => !sent.includes(canary));
};

const leaks = (one: Case, seen: Seen): string[] =>
  worlds.flatMap((world) => {
    const played = seen[world];
    if (played === undefined) return [];
    const heard = bytesOf(played.heard).toLowerCase();
    const kept = played.kept.toLowerCase();
    return canariesFor(one, world).flatMap((canary) => [
      ...(heard.includes(canary) ? [`the client of world ${world} read ${canary}`] : []),
      ...(kept.includes(canary) ? [`the record of world ${world} holds ${canary}`] : []),
    ]);
  });

const differences = (seen: Seen): string[] => {
  const first = seen.a && bytesOf(seen.a.heard);
  return (['b', 'c'] as const).flatMap((world) => {
    const other = seen[world];
    return other === undefined || bytesOf(other.heard) === first ? [] : [`world ${world} differs from world a`];
  });
};

const unchanged = (_one: Case, seen: Seen): string[] =>
  each(seen).some(({ changed }) => changed) ? ['the target changed'] : [];
const each = ({ direct: _, ...seen }: Seen): Played[] => Object.values(seen);
const some = (seen: Seen): Played => each(seen)[0]!;

/** In a case of frames some statements are harmless and may run; the denied ones name what they are after. */
const harmful = /payroll|delete\s|update\s|alter role|lo_get/i;

const denied = (one: Case, seen: Seen): string[] => {
  const played = some(seen);
  const frames = typeof one.input === 'string' ? undefined : one.input.frames;
  const reached = reachedBy(played).filter(
    (text) => frames === undefined || harmful.test(text) || text === 'a function call',
  );
  const isCall = frames?.[0]?.op === 'FunctionCall';
  return [
    ...(errorsOf(played.heard).length === 0 ? ['the client was told no error'] : []),
    ...reached.map((text) => `it reached the target: ${text.slice(0, 80)}`),
    ...(played.closed ? ['the session was closed'] : []),
    ...(!played.closed && !played.usable ? ['the session cannot be used any more'] : []),
    ...(isCall || played.closed || isRecorded(played) ? [] : ['no refusal is on record']),
  ];
};

/** A refusal that no policy can change (client_encoding) is decided as well, and its outcome is on record. */
const isRecorded = (played: Played): boolean =>
  wasDenied(played) || played.events.some(({ event }) => event.startsWith('operation.'));

const allowed = (_one: Case, { direct, ...seen }: Seen): string[] => {
  const played = some(seen);
  if (direct !== undefined)
    return bytesOf(played.heard) === bytesOf(direct)
      ? []
      : [`not what the target says itself: ${errorsOf(played.heard).join()}`];
  return [
    ...errorsOf(played.heard).map((error) => `an error: ${error}`),
    ...(reachedBy(played).length === 0 ? ['it never reached the target'] : []),
    ...(played.closed ? ['the session was closed'] : []),
  ];
};

const hidden = (one: Case, seen: Seen): string[] => [
  ...differences(seen),
  ...leaks(one, seen),
  ...(some(seen).closed ? ['the session was closed'] : []),
];

/** What shows a masked column and sorts or groups by it as well may be refused for the latter. */
const isProbe = ({ events }: Played): boolean =>
  events.some(
    ({ operation }) => ((operation?.facts['masked_columns_probed'] as unknown[] | undefined) ?? []).length > 0,
  );

const masked: Judge = (one, seen) => [
  ...(wasDenied(some(seen)) && isProbe(some(seen)) ? [] : allowed(one, seen)),
  ...hidden(one, seen),
];

type Judge = (one: Case, seen: Seen) => string[];
const all =
  (...judges: readonly Judge[]): Judge =>
  (one, seen) =>
    judges.flatMap((judge) => judge(one, seen));

const reviewed: Judge = (one, seen) => denied(one, seen);

const judges: Partial<Record<Expectation, Judge>> = {
  deny: all(denied, hidden, unchanged),
  allow: all(allowed, (one, seen) => leaks(one, seen), unchanged),
  mask: all(masked, unchanged),
  mask_or_deny: all(hidden, unchanged),
  redact_error: all(hidden, unchanged),
  residual: all(hidden, unchanged),
  deny_or_allow_by_policy: all(hidden, unchanged),
  never_shown: (one, seen) => leaks(one, seen),
  approve_each: all(reviewed, unchanged),
  approve_rowcount: all(reviewed, unchanged),
  approve_or_deny: all(reviewed, unchanged),
};

/** @returns what is wrong; undefined where this expectation is not one of a single statement */
export const judge = (one: Case, seen: Seen): string[] | undefined => judges[one.expect]?.(one, seen);
