import { type Facts, type Identity, immutable, type PersonId, type Risk } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { createPolicyEngine, type PolicyRequest } from './index.js';

const ada: Identity = {
  id: 'person-ada' as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: 'ada',
  name: 'ada@example.test',
  groups: ['engineers'],
  roles: ['user'],
};

const facts: Facts = {
  database: 'app',
  verbs: ['select'],
  relations: ['public.patients'],
  written: [],
  columns: ['public.patients.name'],
  functions: [],
  flags: [],
  has_where: true,
  statements: 1,
  unresolved: false,
  opaque: false,
  masked_columns: [],
  masked_columns_probed: [],
  masked_columns_looked_up: [],
  masked_columns_stored: [],
  masked_columns_computed: [],
};

const asking = (risk: Risk = 'read', more: Partial<PolicyRequest> & { facts?: Facts } = {}): PolicyRequest => ({
  identity: ada,
  connection: { name: 'clinic', labels: ['production'], protocol: 'postgres' },
  operation: { action: 'sql.execute', risk, facts: { ...facts, ...more.facts } },
  assurance: 'ticketed',
  turn: {},
  ...more,
});

const engineWith = (text: string) => {
  const engine = createPolicyEngine();
  engine.load(7, text);
  return engine;
};

const on = 'action == Sallyport::Action::"sql.execute", resource';
const permitAll = `@id("all") permit(principal, ${on});`;

describe('a policy engine', () => {
  test('denies everything with POLICY_UNAVAILABLE before a policy has been loaded', () => {
    expect(createPolicyEngine().decide(asking())).toMatchObject({
      outcome: 'deny',
      policyVersion: 0,
      refusal: { code: 'POLICY_UNAVAILABLE' },
    });
  });

  test('denies by default, and says what to ask an administrator for', () => {
    const decision = engineWith('').decide(asking('write'));
    expect(decision).toMatchObject({
      outcome: 'deny',
      policies: [],
      policyVersion: 7,
      refusal: { code: 'POLICY_DENIED' },
    });
    if (decision.outcome !== 'deny') throw new Error('not denied');
    expect(decision.refusal.message).toBe('no policy permits "sql.execute" with risk "write" on connection "clinic"');
    expect(decision.refusal.hint).toContain('ask an administrator');
  });

  test('names the policies that decided, in the order of the text', () => {
    const text = Array.from({ length: 12 }, (_, index) => `@id("p${index}") permit(principal, ${on});`).join('\n');
    const decision = engineWith(text).decide(asking());
    expect(decision).toMatchObject({ outcome: 'allow', policyVersion: 7 });
    expect(decision.policies).toEqual(Array.from({ length: 12 }, (_, index) => `p${index}`));
  });

  test('knows groups, labels, class, assurance and the AI session', () => {
    const engine = engineWith(`
      @id("group") permit(principal in Sallyport::Group::"engineers", ${on} in Sallyport::Label::"production")
      when { principal.class == "person" && context.assurance == "ticketed" && !context.ai_session };`);
    expect(engine.decide(asking()).outcome).toBe('allow');
    expect(engine.decide(asking('read', { identity: { ...ada, groups: ['sales'] } })).outcome).toBe('deny');
    expect(engine.decide(asking('read', { identity: { ...ada, class: 'ai' } })).outcome).toBe('deny');
    expect(engine.decide(asking('read', { assurance: 'identity' })).outcome).toBe('deny');
    expect(engine.decide(asking('read', { turn: { aiSession: 's1' } })).outcome).toBe('deny');
    expect(
      engine.decide(asking('read', { connection: { name: 'clinic', labels: [], protocol: 'postgres' } })).outcome,
    ).toBe('deny');
  });

  test('takes a group or a label that is named twice', () => {
    const twice = asking('read', {
      identity: { ...ada, groups: ['engineers', 'engineers'] },
      connection: { name: 'clinic', labels: ['a', 'a'], protocol: 'postgres' },
    });
    expect(engineWith(permitAll).decide(twice).outcome).toBe('allow');
  });

  test('keeps the policies it has when a new text is refused', () => {
    const engine = engineWith(permitAll);
    expect(() => engine.load(8, 'permit(principal, action, resource);')).toThrowError(/has no "@id"/);
    expect(() => engine.load(8, `@id("x") permit(principal, ${on}) when { context.rsk == "read" };`)).toThrowError();
    expect(engine.version).toBe(7);
    expect(engine.decide(asking())).toMatchObject({ outcome: 'allow', policyVersion: 7 });
  });

  test('acts by the new version at once, whatever it had decided before', () => {
    const engine = engineWith(permitAll);
    expect(engine.decide(asking()).outcome).toBe('allow');
    engine.load(8, '');
    expect(engine.decide(asking())).toMatchObject({ outcome: 'deny', policyVersion: 8 });
    engine.load(9, permitAll);
    expect(engine.decide(asking())).toMatchObject({ outcome: 'allow', policyVersion: 9 });
  });

  test('two engines in one process keep their policies apart', () => {
    const [one, other] = [engineWith(permitAll), engineWith('')];
    expect(one.decide(asking()).outcome).toBe('allow');
    expect(other.decide(asking()).outcome).toBe('deny');
  });

  test('a draft decides without being loaded', () => {
    const engine = engineWith('');
    expect(engine.decideWith(permitAll, asking())).toMatchObject({ outcome: 'allow', policyVersion: 0 });
    expect(engine.decide(asking()).outcome).toBe('deny');
    expect(() => engine.decideWith('nonsense', asking())).toThrowError(/not valid/);
  });
});

describe('what cannot be evaluated is refused', () => {
  test('a forbid that fails at evaluation does not become an allowance', () => {
    const engine = engineWith(
      `${permitAll} @id("overflow") forbid(principal, ${on}) when { context.statements * 2 < 0 };`,
    );
    expect(engine.decide(asking()).outcome).toBe('allow');
    const decision = engine.decide(asking('read', { facts: { statements: 9e18 } }));
    expect(decision).toMatchObject({ outcome: 'deny', policies: [], refusal: { code: 'POLICY_UNAVAILABLE' } });
  });

  test.each<[string, Facts]>([
    [
      'lacks an attribute that a forbid reads',
      Object.fromEntries(Object.entries(facts).filter(([name]) => name !== 'has_where')),
    ],
    ['has an attribute of the wrong type', { ...facts, has_where: 'true' }],
    ['has a number that is not whole', { ...facts, statements: 1.5 }],
    ['has an attribute that the schema does not know', { ...facts, surprise: true }],
  ])('a context that %s', (_what, broken) => {
    const engine = engineWith(`${permitAll} @id("where") forbid(principal, ${on}) unless { context.has_where };`);
    const decision = engine.decide({ ...asking(), operation: { action: 'sql.execute', risk: 'read', facts: broken } });
    expect(decision).toMatchObject({ outcome: 'deny', refusal: { code: 'POLICY_UNAVAILABLE' } });
  });

  test.each(['sql.drop', '', 'sql.execute"', 'Sql.Execute'])(
    'the unknown action "%s", even where everything is permitted',
    (action) => {
      const engine = engineWith('@id("everything") permit(principal, action, resource);');
      const decision = engine.decide({ ...asking(), operation: { action, risk: 'read', facts } });
      expect(decision).toMatchObject({ outcome: 'deny', refusal: { code: 'POLICY_UNAVAILABLE' } });
    },
  );

  test('and reported, but not kept: once the facts are right, it is decided', () => {
    const failures: string[] = [];
    const engine = createPolicyEngine({ onFailure: ({ problems }) => failures.push(...problems) });
    engine.load(1, permitAll);
    expect(engine.decide(asking('read', { facts: { statements: 0.5 } })).outcome).toBe('deny');
    expect(failures).toHaveLength(1);
    engine.decide(asking('read', { facts: { statements: 0.5 } }));
    expect(failures).toHaveLength(2);
    expect(engine.decide(asking()).outcome).toBe('allow');
  });

  test('facts of a protocol cannot replace what the gateway knows itself', () => {
    const engine = engineWith(
      `@id("bound") permit(principal, ${on}) when { context.assurance == "bound" && context.risk == "read" };`,
    );
    expect(
      engine.decide(asking('write', { facts: { assurance: 'bound', risk: 'read', class: 'person' } })).outcome,
    ).toBe('deny');
  });
});

describe('the strictest policy that matches decides', () => {
  const review = (id: string, annotations: string) => `@id("${id}") @review(${annotations} permit(principal, ${on});`;

  test('forbid over review over permit', () => {
    const both = `${permitAll} ${review('ask', '"sre")')}`;
    expect(engineWith(both).decide(asking())).toMatchObject({ outcome: 'review', policies: ['all', 'ask'] });
    const all = `${both} @id("never") @message("not here") forbid(principal, ${on});`;
    expect(engineWith(all).decide(asking())).toMatchObject({
      outcome: 'deny',
      policies: ['never'],
      refusal: { code: 'POLICY_DENIED', message: 'not here' },
    });
  });

  test('several reviews are asked for together', () => {
    const engine = engineWith(
      `${review('one', '"sre") @approvals("2") @timeout("1h") @on_timeout("allow") @message("a")')}
       ${review('two', '"dba, sre") @timeout("30s") @on_timeout("deny") @message("b")')}`,
    );
    expect(engine.decide(asking())).toMatchObject({
      outcome: 'review',
      requirement: { groups: ['dba', 'sre'], approvals: 2, timeoutMs: 30_000, onTimeout: 'deny', message: 'a; b' },
    });
  });

  test('a time-out allows only where every policy that asks says so', () => {
    const allowing = review('one', '"sre") @on_timeout("allow")');
    expect(engineWith(allowing).decide(asking())).toMatchObject({
      requirement: { onTimeout: 'allow', approvals: 1, timeoutMs: 600_000 },
    });
    expect(engineWith(`${allowing} ${review('two', '"sre")')}`).decide(asking())).toMatchObject({
      requirement: { onTimeout: 'deny' },
    });
  });
});

describe('decisions are kept', () => {
  test('for the same question, as the same value', () => {
    const engine = engineWith(permitAll);
    expect(engine.decide(asking())).toBe(engine.decide({ ...asking(), identity: { ...ada } }));
  });

  test('but never for another identity, group, connection, label, assurance or fact that a policy reads', () => {
    const engine = engineWith(`@id("some") permit(principal, ${on}) when { context.database like "*" };`);
    const first = engine.decide(asking());
    for (const other of [
      asking('write'),
      asking('read', { facts: { database: 'other' } }),
      asking('read', { assurance: 'bound' }),
      asking('read', { turn: { aiSession: 'x' } }),
      asking('read', { identity: { ...ada, groups: [] } }),
      asking('read', { identity: { ...ada, roles: ['admin'] } }),
      asking('read', { identity: { ...ada, id: 'person-eve' as PersonId } }),
      asking('read', { connection: { name: 'other', labels: ['production'], protocol: 'postgres' } }),
      asking('read', { connection: { name: 'clinic', labels: [], protocol: 'postgres' } }),
    ])
      expect(engine.decide(other)).not.toBe(first);
  });

  test('whatever a fact says that no policy reads, as long as it fits the schema', () => {
    const engine = engineWith(`@id("some") permit(principal, ${on}) when { context.database == "app" };`);
    const first = engine.decide(asking());
    const other = (more: Record<string, unknown>) => engine.decide(asking('read', { facts: more as Facts }));

    expect(first.outcome).toBe('allow');
    expect(other({ relations: ['public.visits', 'public.x'], statements: 2, has_where: false })).toBe(first);
    expect(other({ database: 'other' }).outcome).toBe('deny');
    for (const unfit of [
      { relations: 'public.visits' },
      { relations: [1] },
      { relations: [['public.visits']] },
      { statements: '1' },
      { statements: 1.5 },
      { has_where: 'yes' },
      { unheard_of: 'x' },
    ])
      expect(other(unfit), JSON.stringify(unfit)).toMatchObject({ refusal: { code: 'POLICY_UNAVAILABLE' } });
    const { columns: _missing, ...without } = facts;
    expect(
      engine.decide({ ...asking(), operation: { action: 'sql.execute', risk: 'read', facts: without } }),
    ).toMatchObject({ refusal: { code: 'POLICY_UNAVAILABLE' } });
  });

  test.each([
    'when { context.relations.contains("a") || context.verbs.containsAny(["b", "c"]) }',
    'when { if context.has_where then context.statements < 3 else context["columns"].isEmpty() }',
    'unless { ["a", "b"].containsAll(context.written) }',
    'when { context has database && context.database like "a*" } unless { context.flags == context.functions }',
    'when { {"of": context.relations}.of.contains("b") }',
    'when { [context].contains(context) && context.opaque }',
    'when { (if context.opaque then context else context).database == "a" }',
    'when { principal.class == "person" && context.database == "b" }',
  ])('and kept or not, %s decides the same', (condition) => {
    const text = `${permitAll}\n@id("forbidden") forbid(principal, ${on}) ${condition};`;
    const engine = engineWith(text);
    let seed = 7;
    const below = (bound: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 16) % bound;
    };
    const word = (): string => ['a', 'b', 'c'][below(3)]!;
    const some = (value: Facts[string]): Facts[string] => {
      if (typeof value === 'boolean') return below(2) === 0;
      if (typeof value === 'number') return below(5);
      return typeof value === 'string' ? word() : Array.from({ length: below(3) }, word);
    };
    const seen = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      const request = asking('read', {
        facts: Object.fromEntries(
          Object.entries(facts).map(([name, value]) => [name, below(3) === 0 ? some(value) : value]),
        ),
      });
      const { outcome, policies } = engine.decideWith(text, request);
      expect(engine.decide(request), JSON.stringify(request)).toMatchObject({ outcome, policies });
      seen.add(outcome);
    }
    expect(seen).toEqual(new Set(['allow', 'deny']));
  });

  test('whatever the tool call, unless a policy reads it', () => {
    const call = (toolCall: string) => asking('read', { turn: { aiSession: 's', turn: 't', toolCall } });
    const blind = engineWith(permitAll);
    expect(blind.decide(call('one'))).toBe(blind.decide(call('two')));

    const reading = engineWith(
      `@id("call") permit(principal, ${on}) when { context has tool_call && context.tool_call == "one" };`,
    );
    expect(reading.decide(call('one')).outcome).toBe('allow');
    expect(reading.decide(call('two')).outcome).toBe('deny');

    const whole = engineWith(`@id("call") permit(principal, ${on}) when { [context].contains(context) };`);
    expect(whole.decide(call('one'))).not.toBe(whole.decide(call('two')));
  });

  test('whatever has happened in the turn, unless a policy reads it', () => {
    const after = (writes: number, untrusted = false, turn = { turn: 't' }) =>
      asking('write', { turn, soFar: { writes, untrusted }, operation: asking('write').operation });
    const blind = engineWith(permitAll);
    expect(blind.decide(after(0))).toBe(blind.decide(after(1, true)));

    // As one session asks again: everything is the same value but what has happened meanwhile.
    const session = { ...after(0), operation: { ...after(0).operation, facts: immutable({ ...facts }) } };
    const again = (writes: number, untrusted = false): PolicyRequest => ({ ...session, soFar: { writes, untrusted } });
    const counting = engineWith(`@id("few") permit(principal, ${on}) when { context.turn_writes < 2 };`);
    expect([0, 1, 2, 1].map((writes) => counting.decide(again(writes)).outcome)).toEqual([
      'allow',
      'allow',
      'deny',
      'allow',
    ]);
    expect(counting.decide(again(1, true))).toBe(counting.decide(again(1, false)));

    const wary = engineWith(`@id("wary") permit(principal, ${on}) unless { context.untrusted_content };`);
    expect([false, true].map((untrusted) => wary.decide(again(0, untrusted)).outcome)).toEqual(['allow', 'deny']);
  });

  test('as if nothing had happened, where there is no turn', () => {
    const counting = engineWith(
      `@id("first") permit(principal, ${on}) when { context.turn_writes == 0 && !context.untrusted_content };`,
    );
    expect(counting.decide(asking('write')).outcome).toBe('allow');
    const forged = asking('write', { facts: { ...facts, turn_writes: 0 }, soFar: { writes: 1, untrusted: false } });
    expect(counting.decide(forged).outcome).toBe('deny');
  });

  test('in a bounded number, the ones used last', () => {
    const engine = createPolicyEngine({ maxEntries: 2 });
    engine.load(1, `@id("some") permit(principal, ${on}) when { context.database like "*" };`);
    const of = (database: string) => engine.decide(asking('read', { facts: { database } }));
    const [a, b] = [of('a'), of('b')];
    expect(of('a')).toBe(a);
    of('c');
    expect(of('a')).toBe(a);
    expect(of('b')).not.toBe(b);
  });
});
