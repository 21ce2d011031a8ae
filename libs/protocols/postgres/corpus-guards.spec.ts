/** Takes each guard out in turn: the corpus has to notice, or it proves nothing about that guard. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

type Guard =
  | 'column masks'
  | 'derived values'
  | 'detectors in rows'
  | 'texts of errors'
  | 'probed columns'
  | 'kinds of functions'
  | 'settings'
  | 'meaning of system relations';

const out = vi.hoisted(() => ({ guard: undefined as string | undefined }));
const isOut = vi.hoisted(
  () =>
    (guard: Guard): boolean =>
      out.guard === guard,
);

vi.mock(import('./lineage-masks.js'), async (original) => {
  const real = await original();
  return {
    ...real,
    masksOf: (fields, ...rest) => {
      const masks = real.masksOf(fields, ...rest);
      if (isOut('column masks')) return masks.map(() => undefined);
      if (!isOut('derived values')) return masks;
      return masks.map((mask, index) => (fields[index]!.table === 0 ? undefined : mask));
    },
  };
});
vi.mock(import('./values.js'), async (original) => {
  const real = await original();
  return { ...real, cleanValue: (...all) => (isOut('detectors in rows') ? undefined : real.cleanValue(...all)) };
});
vi.mock(import('./reports.js'), async (original) => {
  const real = await original();
  return {
    ...real,
    cleanReport: (message, ...rest) => (isOut('texts of errors') ? message.raw : real.cleanReport(message, ...rest)),
  };
});
vi.mock(import('../../sql/masked-facts.js'), async (original) => {
  const real = await original();
  return {
    ...real,
    maskedFactsOf: (...all) => {
      const facts = real.maskedFactsOf(...all);
      return isOut('probed columns') ? { ...facts, masked_columns_probed: [], masked_columns_looked_up: [] } : facts;
    },
  };
});
vi.mock(import('../../sql/functions.js'), async (original) => {
  const real = await original();
  return {
    ...real,
    judgeBuiltIn: (name, args, draft) =>
      isOut('kinds of functions') ? void draft.functions.add(name) : real.judgeBuiltIn(name, args, draft),
  };
});
vi.mock(import('../../sql/settings.js'), async (original) => {
  const real = await original();
  return { ...real, judgeSetting: (...all) => (isOut('settings') ? undefined : real.judgeSetting(...all)) };
});
vi.mock(import('../../sql/value-relations.js'), async (original) => {
  const real = await original();
  return {
    ...real,
    meaningOf: (relation) => (isOut('meaning of system relations') ? undefined : real.meaningOf(relation)),
  };
});

const { allCases } = await import('../testing/corpus/cases.js');
const { playRound } = await import('../testing/corpus/round.js');
const { buildWorlds } = await import('../testing/corpus/worlds.js');

let built: Awaited<ReturnType<typeof buildWorlds>>;
beforeAll(async () => {
  built = await buildWorlds(['a', 'b']);
});
afterAll(() => built?.[Symbol.asyncDispose]());

/** @returns what fails of these cases, and builds anew what they may have changed */
async function failuresOf(ids: readonly string[], guard?: Guard, options: object = {}): Promise<string[]> {
  const turns = allCases.filter(({ id }) => ids.includes(id)).map((one) => ({ one, way: 'simple' as const }));
  expect(turns).toHaveLength(ids.length);
  out.guard = guard;
  const failures = await playRound(built, turns, { worlds: ['a', 'b'], ...options });
  out.guard = undefined;
  if (failures['the round'] !== undefined) await Promise.all([built.build('a'), built.build('b')]);
  return Object.keys(failures).map((name) => name.replace(/ simple$/, ''));
}

const open = { gateway: (options: object) => ({ ...options, decide: () => 'allow' }) };

/** Each guard with cases that it alone stops, where need be under a policy that leaves them to it. */
const guards: readonly { readonly guard: Guard; readonly ids: readonly string[]; readonly options?: object }[] = [
  { guard: 'column masks', ids: ['MSK-002', 'MSK-008'] },
  { guard: 'derived values', ids: ['MSK-018', 'MSK-019'], options: open },
  { guard: 'detectors in rows', ids: ['MSK-062'] },
  { guard: 'texts of errors', ids: ['MSK-087', 'MSK-088'], options: open },
  { guard: 'probed columns', ids: ['MSK-109', 'OWN-101', 'OWN-104'] },
  { guard: 'kinds of functions', ids: ['PG-151'] },
  { guard: 'settings', ids: ['PG-008', 'OWN-407'] },
  { guard: 'meaning of system relations', ids: ['PG-131'], options: { policy: 'anything' } },
];

test.each(guards)('without the guard of $guard the corpus fails, and with it not', async ({ guard, ids, options }) => {
  expect(await failuresOf(ids, guard, options)).toEqual(expect.arrayContaining([...ids]));
  expect(await failuresOf(ids, undefined, options)).toEqual([]);
});

const deletes = ['PG-003', 'PG-007', 'PG-170'];

test('without a policy the corpus fails, and with it not', async () => {
  expect(await failuresOf(deletes, undefined, open)).toEqual(expect.arrayContaining([...deletes, 'the round']));
  expect(await failuresOf(deletes)).toEqual([]);
});
