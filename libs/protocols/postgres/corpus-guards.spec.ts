/** Takes each guard out in turn: the corpus has to notice, or it proves nothing about that guard. */
import type { CatalogueSnapshot } from '@sallyport/engine';
import type { SqlDescription } from '@sallyport/sql';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Expectation } from '../testing/corpus/cases.js';
import type { ConversationOptions } from './conversation.js';
import type { Described, SqlDescriber } from './describe.js';
import type { Judged, JudgeOptions, Told } from './judge.js';
import type { TargetSessionOptions } from './target-session.js';
import type { Message } from './wire.js';

type Guard =
  | 'column masks'
  | 'derived values'
  | 'detectors in rows'
  | 'texts of errors'
  | 'probed columns'
  | 'kinds of functions'
  | 'settings'
  | 'meaning of system relations'
  | 'digest of lineage'
  | 'numbers of the wire'
  | 'rows of COPY'
  | 'reading the catalogue again'
  | 'masks written back'
  | 'opaque functions'
  | 'function calls'
  | 'function calls, at the first gate';

/** A fault is there with the guard and without it: what the guard is for. */
type Fault = 'an agent that misreads lineage' | 'lineage that sees nothing';

const out = vi.hoisted(() => ({ guard: undefined as string | undefined, fault: undefined as string | undefined }));
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
      const blank = fields.map((field) => ({ ...field, table: 0, attribute: 0 }));
      const masks = real.masksOf(isOut('numbers of the wire') ? blank : fields, ...rest);
      if (isOut('column masks')) return masks.map(() => undefined);
      if (!isOut('derived values')) return masks;
      return masks.map((mask, index) => (fields[index]!.table === 0 ? undefined : mask));
    },
  };
});
vi.mock(import('./values.js'), async (original) => {
  const real = await original();
  return { ...real, lookAt: (type) => (isOut('detectors in rows') ? 'never' : real.lookAt(type)) };
});
vi.mock(import('./copy-out.js'), async (original) => {
  const real = await original();
  const untouched: typeof real.copyCleaner = ({ masker }) => ({ masker, clean: () => undefined });
  return { ...real, copyCleaner: (context) => (isOut('rows of COPY') ? untouched : real.copyCleaner)(context) };
});
/** A hole in both gates at once, whose code is the same. */
vi.mock(import('../../sql/lineage.js'), async (original) => {
  const real = await original();
  const lineageOf: typeof real.lineageOf = (...all) => {
    const lineage = real.lineageOf(...all);
    if (out.fault !== ('lineage that sees nothing' satisfies Fault)) return lineage;
    return { ...lineage, outputs: lineage.outputs?.map(({ name }) => ({ name, sources: [], opaque: false })) };
  };
  return { ...real, lineageOf };
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

vi.mock(import('./judge.js'), async (original) => {
  const real = await original();
  /** As an agent of another version, or with a hole: everything is clean to it. */
  const misread = ({ description, ...described }: Described): Described => {
    const clean = (statement: SqlDescription['statements'][number]) => {
      const outputs = statement.lineage.outputs?.map(({ name }) => ({ name, sources: [], opaque: false }));
      return { ...statement, lineage: { ...statement.lineage, outputs } };
    };
    return { ...described, description: { ...description, statements: description.statements.map(clean) } };
  };
  class Judge extends real.Judge {
    constructor(options: JudgeOptions) {
      const { describer } = options;
      const describe: SqlDescriber['describe'] = (...all) => {
        const described = describer.describe(...all);
        return out.fault === ('an agent that misreads lineage' satisfies Fault) ? misread(described) : described;
      };
      super({ ...options, describer: { describe, catalogue: (snapshot) => describer.catalogue(snapshot) } });
    }
    override judge(text: string | undefined, told: Told): Judged {
      return super.judge(text, isOut('digest of lineage') ? { reaches: told.reaches } : told);
    }
  }
  return { ...real, Judge };
});
vi.mock(import('./survey.js'), async (original) => {
  const real = await original();
  const first = new Map<string, Promise<CatalogueSnapshot>>();
  const surveyDatabase: typeof real.surveyDatabase = (target, database) => {
    const key = `${target.port} ${database}`;
    const known = isOut('reading the catalogue again') ? first.get(key) : undefined;
    const read = known ?? real.surveyDatabase(target, database);
    first.set(key, read);
    return read;
  };
  return { ...real, surveyDatabase };
});
vi.mock(import('./masks-written.js'), async (original) => {
  const real = await original();
  return { ...real, holdsMask: (...all) => !isOut('masks written back') && real.holdsMask(...all) };
});
vi.mock(import('../../sql/draft.js'), async (original) => {
  const real = await original();
  class Draft extends real.Draft {
    override conceal(...flags: readonly string[]): void {
      if (!isOut('opaque functions')) super.conceal(...flags);
    }
  }
  return { ...real, Draft };
});

const isCall = ({ type }: Message): boolean => String.fromCharCode(type) === 'F';
vi.mock(import('./conversation.js'), async (original) => {
  const real = await original();
  class Conversation extends real.Conversation {
    constructor(options: ConversationOptions) {
      super(options);
      const next = this.inbox.next.bind(this.inbox);
      this.inbox.next = async () => {
        const arrival = await next();
        const isLet = isOut('function calls') || isOut('function calls, at the first gate');
        if (!isLet || arrival?.kind !== 'message' || !isCall(arrival.message)) return arrival;
        this.line.upkeep([arrival.message.raw], []);
        return this.inbox.next();
      };
    }
  }
  return { ...real, Conversation };
});
vi.mock(import('./target-session.js'), async (original) => {
  const real = await original();
  class TargetSession extends real.TargetSession {
    constructor(private readonly given: TargetSessionOptions) {
      super(given);
    }
    override forward(exchange: number, messages: readonly Message[], told: Told): void {
      if (!isOut('function calls')) return super.forward(exchange, messages, told);
      for (const { raw } of messages.filter(isCall)) this.given.send(raw);
      super.forward(
        exchange,
        messages.filter((one) => !isCall(one)),
        told,
      );
    }
  }
  return { ...real, TargetSession };
});

const { allCases } = await import('../testing/corpus/cases.js');
const { playRound } = await import('../testing/corpus/round.js');
const { buildWorlds } = await import('../testing/corpus/worlds.js');

let built: Awaited<ReturnType<typeof buildWorlds>>;
beforeAll(async () => {
  built = await buildWorlds(['a', 'b']);
});
afterAll(() => built?.[Symbol.asyncDispose]());

interface Trial {
  /** A policy that leaves the case to the guard. */
  readonly options?: object;
  readonly fault?: Fault;
  /** What is asked of the case instead of its own expectation, where the policy is another one. */
  readonly expect?: Expectation;
}

/** @returns what fails of these cases and why; builds anew what they may have changed */
async function problemsOf(ids: readonly string[], guard?: Guard, trial: Trial = {}): Promise<Record<string, string[]>> {
  const turns = allCases
    .filter(({ id }) => ids.includes(id))
    .map((one) => ({ one: { ...one, expect: trial.expect ?? one.expect }, way: 'simple' as const }));
  expect(turns).toHaveLength(ids.length);
  out.guard = guard;
  out.fault = trial.fault;
  const failures = await playRound(built, turns, { worlds: ['a', 'b'], ...trial.options });
  out.guard = undefined;
  out.fault = undefined;
  expect(JSON.stringify(failures)).not.toContain('not played'); // that would be no leak
  if (failures['the round'] !== undefined) await Promise.all([built.build('a'), built.build('b')]);
  return failures;
}

const failuresOf = async (...all: Parameters<typeof problemsOf>): Promise<string[]> =>
  Object.keys(await problemsOf(...all)).map((name) => name.replace(/ simple$/, ''));

const open = { gateway: (options: object) => ({ ...options, decide: () => 'allow' }) };

/** Each guard with cases that it alone stops, where need be under a policy that leaves them to it. */
const guards: readonly ({ readonly guard: Guard; readonly ids: readonly string[] } & Trial)[] = [
  { guard: 'column masks', ids: ['MSK-002', 'MSK-008'] },
  { guard: 'derived values', ids: ['MSK-018', 'MSK-019'], options: open },
  { guard: 'detectors in rows', ids: ['MSK-062'] },
  { guard: 'texts of errors', ids: ['MSK-087', 'MSK-088'], options: open },
  { guard: 'probed columns', ids: ['MSK-109', 'OWN-101', 'OWN-104'] },
  { guard: 'kinds of functions', ids: ['PG-151'] },
  { guard: 'settings', ids: ['PG-008', 'OWN-407'] },
  { guard: 'meaning of system relations', ids: ['PG-131'], options: { policy: 'anything' } },
  {
    guard: 'digest of lineage',
    ids: ['MSK-018', 'MSK-019'],
    options: open,
    fault: 'an agent that misreads lineage',
  },
  { guard: 'numbers of the wire', ids: ['MSK-002', 'MSK-008'], options: open, fault: 'lineage that sees nothing' },
  { guard: 'rows of COPY', ids: ['MSK-080', 'OWN-233', 'OWN-234', 'OWN-235'], options: open },
  { guard: 'reading the catalogue again', ids: ['OWN-702'], options: open, expect: 'never_shown' },
  { guard: 'masks written back', ids: ['OWN-703', 'OWN-704'], options: open },
  { guard: 'opaque functions', ids: ['OWN-701'], options: open },
  { guard: 'function calls', ids: ['PG-165'] },
];

test.each(guards)('without the guard of $guard the corpus fails, and with it not', async ({ guard, ids, ...trial }) => {
  expect(await failuresOf(ids, guard, trial)).toEqual(expect.arrayContaining([...ids]));
  // A definition that is allowed to change is no failure of what is asked here.
  expect((await failuresOf(ids, undefined, trial)).filter((name) => name !== 'the round' || !trial.expect)).toEqual([]);
});

test('a function call that the first gate lets pass ends at the second one', async () => {
  const stopped = (await problemsOf(['PG-165'], 'function calls, at the first gate'))['PG-165 simple'];
  expect(stopped).toContain('the session was closed');
  expect(stopped).not.toContain('it reached the target: a function call');
  const passed = (await problemsOf(['PG-165'], 'function calls'))['PG-165 simple'];
  expect(passed).toContain('it reached the target: a function call');
});

const deletes = ['PG-003', 'PG-007', 'PG-170'];

test('without a policy the corpus fails, and with it not', async () => {
  expect(await failuresOf(deletes, undefined, { options: open })).toEqual(
    expect.arrayContaining([...deletes, 'the round']),
  );
  expect(await failuresOf(deletes)).toEqual([]);
});
