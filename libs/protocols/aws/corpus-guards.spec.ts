/** Takes each guard out in turn: the corpus has to notice, or it proves nothing about that guard. */
import { loadParser } from '@sallyport/sql';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AnswerMembers, MemberNode } from './masking/members.js';

type Guard =
  | 'hash of a body'
  | 'keys that are there twice'
  | 'second identification'
  | 'marks of models'
  | 'list of members'
  | 'detectors'
  | 'wider ranges'
  | 'own secrets'
  | 'headers to AWS'
  | 'headers from AWS'
  | 'replays'
  | 'flags'
  | 'authority of HTTP/2'
  | 'Connection header'
  | 'size of what is inspected'
  | 'words of models';

/** Is there with the guard and without it: what the guard is for. */
type Fault = 'a first gate that is deceived';

const out = vi.hoisted(() => ({ guard: undefined as string | undefined, fault: undefined as string | undefined }));
const isOut = vi.hoisted(
  () =>
    (guard: Guard): boolean =>
      out.guard === guard,
);

/** Both gates hash what streams: without one of them the other stops it. */
vi.mock(import('../../aws/sigv4/plain-body.js'), async (original) => {
  const real = await original();
  class PlainBody extends real.PlainBody {
    constructor(sha256?: string) {
      super(isOut('hash of a body') ? undefined : sha256);
    }
  }
  return { ...real, PlainBody };
});
vi.mock(import('../../http/target/request-body.js'), async (original) => {
  const real = await original();
  class RequestBody extends real.RequestBody {
    constructor(expected: ConstructorParameters<typeof real.RequestBody>[0]) {
      super(isOut('hash of a body') ? {} : expected);
    }
  }
  return { ...real, RequestBody };
});
vi.mock(import('../../aws/catalogue/strict-json.js'), async (original) => {
  const real = await original();
  const parseStrictJson: typeof real.parseStrictJson = (bytes) =>
    isOut('keys that are there twice') ? JSON.parse(Buffer.from(bytes).toString()) : real.parseStrictJson(bytes);
  return { ...real, parseStrictJson };
});

const innocent = {
  method: 'POST',
  path: '/',
  query: '',
  headers: [
    ['x-amz-target', 'DynamoDB_20120810.GetItem'],
    ['content-type', 'application/x-amz-json-1.0'],
  ],
  body: Buffer.from('{"TableName":"orders","Key":{"id":{"S":"1"}}}'),
} as const;
vi.mock(import('../../aws/catalogue/identify.js'), async (original) => {
  const real = await original();
  const identify: typeof real.identify = (catalogue, request, scope, addressing) => {
    const found = real.identify(catalogue, request, scope, addressing);
    const isHere = addressing.service === undefined || isOut('second identification');
    const isDeceived = out.fault === ('a first gate that is deceived' satisfies Fault) && isHere;
    return isDeceived && found.identified && found.operation === 'ExportTableToPointInTime'
      ? real.identify(catalogue, innocent, scope, addressing)
      : found;
  };
  return { ...real, identify };
});

vi.mock(import('./masking/members.js'), async (original) => {
  const real = await original();
  const without = (answer: AnswerMembers, mark: 'm' | 'l'): AnswerMembers => {
    const nodes = answer.service.nodes.map((node): MemberNode | 0 => {
      if (node === 0 || node.x !== mark) return node;
      const { x: _, ...rest } = node;
      return rest;
    });
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([, kind]) => kind !== mark));
    return { ...answer, service: { ...answer.service, nodes }, headers };
  };
  const answerMembers: typeof real.answerMembers = (...all) => {
    const answer = real.answerMembers(...all);
    if (isOut('marks of models')) return without(answer, 'm');
    return isOut('list of members') ? without(answer, 'l') : answer;
  };
  return { ...real, answerMembers };
});
vi.mock(import('./masking/ranges.js'), async (original) => {
  const real = await original();
  const widenRange: typeof real.widenRange = (header) => {
    const wide = real.widenRange(header);
    return wide && isOut('wider ranges') ? { ...wide, header } : wide;
  };
  return { ...real, widenRange };
});
vi.mock(import('../../http/target/own-secrets.js'), async (original) => {
  const real = await original();
  class OwnSecrets extends real.OwnSecrets {
    override check(text: Uint8Array): void {
      if (!isOut('own secrets')) super.check(text);
    }
    override pass(piece: Uint8Array): Buffer {
      return isOut('own secrets') ? Buffer.from(piece) : super.pass(piece);
    }
  }
  return { ...real, OwnSecrets };
});
vi.mock(import('./target/request-headers.js'), async (original) => {
  const real = await original();
  const requestHeaders: typeof real.requestHeaders = (client, modelled) =>
    isOut('headers to AWS') ? client.filter(([name]) => name !== 'host') : real.requestHeaders(client, modelled);
  return { ...real, requestHeaders };
});
vi.mock(import('../../http/target/response-headers.js'), async (original) => {
  const real = await original();
  const answerHeaders: typeof real.answerHeaders = (status, headers) =>
    isOut('headers from AWS') ? [...headers] : real.answerHeaders(status, headers);
  return { ...real, answerHeaders };
});
vi.mock(import('../../aws/sigv4/replay-guard.js'), async (original) => {
  const real = await original();
  class ReplayGuard extends real.ReplayGuard {
    override admit(...all: Parameters<InstanceType<typeof real.ReplayGuard>['admit']>) {
      return isOut('replays') ? 'first' : super.admit(...all);
    }
  }
  return { ...real, ReplayGuard };
});
vi.mock(import('../../aws/describe/describe-call.js'), async (original) => {
  const real = await original();
  const describeCall: typeof real.describeCall = (...all) => {
    const described = real.describeCall(...all);
    return isOut('flags') ? { ...described, facts: { ...described.facts, flags: [] } } : described;
  };
  return { ...real, describeCall };
});
vi.mock(import('./client/request.js'), async (original) => {
  const real = await original();
  const requestOf: typeof real.requestOf = (incoming) => {
    const isFirst = ([name]: readonly [string, string], at: number): boolean =>
      name !== 'host' || incoming.headers.findIndex(([other]) => other === 'host') === at;
    const headers = isOut('authority of HTTP/2') ? incoming.headers.filter(isFirst) : incoming.headers;
    const kept = isOut('Connection header') ? headers.filter(([name]) => name !== 'connection') : headers;
    return real.requestOf({ ...incoming, method: incoming.method, headers: kept });
  };
  return { ...real, requestOf };
});
vi.mock(import('./client/budget.js'), async (original) => {
  const real = await original();
  class InspectionBudget extends real.InspectionBudget {
    override begin() {
      const nothing = (): void => undefined;
      return isOut('size of what is inspected')
        ? { belongTo: nothing, take: nothing, giveBack: nothing }
        : super.begin();
    }
  }
  return { ...real, InspectionBudget };
});

vi.mock(import('./model-api.js'), async (original) => {
  const real = await original();
  const modelApiOf: typeof real.modelApiOf = (...all) =>
    isOut('words of models') ? undefined : real.modelApiOf(...all);
  return { ...real, modelApiOf };
});

const { ownAnswers, ownDenials, ownWires } = await import('../testing/aws-corpus/own-cases.js');
const { denied, hidden } = await import('../testing/aws-corpus/verdict.js');
const { wireCases } = await import('../testing/aws-corpus/wire-cases.js');
const { awsWorld, openPolicy } = await import('../testing/aws-corpus/world.js');
const { awsCases } = await import('./corpus-cases.fixture.js');
type World = Awaited<ReturnType<typeof awsWorld>>;

let world: World;
let open: World;
let blind: World;
beforeAll(async () => {
  await loadParser();
  [world, open, blind] = await Promise.all([awsWorld(), awsWorld(openPolicy), awsWorld(openPolicy, [])]);
});
afterAll(async () => {
  for (const one of [world, open, blind]) await one?.[Symbol.asyncDispose]();
});

const caseOf = (id: string) => [...awsCases, ...ownAnswers, ...ownDenials].find((one) => one.id === id)!;

type Ask = (id: string) => Promise<string[]>;
const deny: Ask = (id) => denied(world, caseOf(id));
/** Without detectors, which know some members by their names. */
const hideMarked: Ask = (id) => hidden(blind, caseOf(id));
const wire: Ask = (id) => ({ ...wireCases, ...ownWires })[id]!(world);

interface Trial {
  readonly guard: Guard;
  readonly ids: readonly string[];
  readonly ask: Ask;
  /** What is wrong without it, and not with it. */
  readonly problem: RegExp;
  readonly fault?: Fault;
}

const reachedAws = /it reached AWS/;
const leak = /the client read/;

/** Each guard with cases that it alone stops. */
const guards: readonly Trial[] = [
  { guard: 'hash of a body', ids: ['AWS-132'], ask: wire, problem: reachedAws },
  { guard: 'keys that are there twice', ids: ['OWN-006'], ask: deny, problem: reachedAws },
  {
    guard: 'second identification',
    ids: ['AWS-128'],
    ask: deny,
    problem: reachedAws,
    fault: 'a first gate that is deceived',
  },
  {
    guard: 'marks of models',
    ids: ['AWS-001', 'AWS-014', 'AWS-015', 'AWS-021', 'AWS-031', 'AWS-034'],
    ask: hideMarked,
    problem: leak,
  },
  { guard: 'list of members', ids: ['AWS-056', 'OWN-001', 'OWN-002'], ask: hideMarked, problem: leak },
  { guard: 'wider ranges', ids: ['AWS-079'], ask: wire, problem: leak },
  { guard: 'own secrets', ids: ['OWN-101'], ask: wire, problem: leak },
  { guard: 'headers to AWS', ids: ['OWN-102'], ask: wire, problem: /AWS heard/ },
  { guard: 'headers from AWS', ids: ['OWN-103'], ask: wire, problem: /the client (?:heard|was sent)/ },
  { guard: 'replays', ids: ['AWS-129'], ask: wire, problem: /it arrived 2 times/ },
  { guard: 'flags', ids: ['AWS-030', 'AWS-032', 'AWS-033'], ask: deny, problem: reachedAws },
  { guard: 'authority of HTTP/2', ids: ['AWS-118'], ask: wire, problem: /it says/ },
  { guard: 'Connection header', ids: ['AWS-121'], ask: wire, problem: /it says/ },
  { guard: 'size of what is inspected', ids: ['AWS-077'], ask: wire, problem: /it says/ },
];

async function problemsOf(trial: Trial, guard: Guard | undefined): Promise<Record<string, boolean>> {
  out.guard = guard;
  out.fault = trial.fault;
  const found: Record<string, boolean> = {};
  for (const id of trial.ids) found[id] = (await trial.ask(id)).some((problem) => trial.problem.test(problem));
  out.guard = undefined;
  out.fault = undefined;
  return found;
}

const each = (ids: readonly string[], value: boolean) => Object.fromEntries(ids.map((id) => [id, value]));

test.each(guards)('without the guard of $guard the corpus fails, and with it not', async (trial) => {
  expect(await problemsOf(trial, trial.guard)).toEqual(each(trial.ids, true));
  expect(await problemsOf(trial, undefined)).toEqual(each(trial.ids, false));
});

test.each(['AWS-060', 'AWS-073', 'AWS-122', 'OWN-003', 'OWN-004'])(
  'without detectors %s is read, and with them not',
  async (id) => {
    const one = id === 'AWS-122' ? caseOf('AWS-123') : caseOf(id);
    expect((await hidden(blind, one)).join()).toMatch(leak);
    expect((await hidden(open, one)).join()).not.toMatch(leak);
  },
);

test('without detectors AWS-135 is read where nothing knows the words of models either, and with one of the two not', async () => {
  const one = caseOf('AWS-135');
  expect((await hidden(blind, one)).join()).not.toMatch(leak);
  out.guard = 'words of models' satisfies Guard;
  expect((await hidden(blind, one)).join()).toMatch(leak);
  expect((await hidden(open, one)).join()).not.toMatch(leak);
  out.guard = undefined;
});

test('without a policy the corpus fails, and with it not', async () => {
  for (const id of ['AWS-001', 'AWS-041', 'AWS-073', 'AWS-128']) {
    expect((await denied(open, caseOf(id))).join()).toMatch(reachedAws);
    expect((await denied(world, caseOf(id))).join()).not.toMatch(reachedAws);
  }
});
