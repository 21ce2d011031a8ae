import { errorCodes, type OperationId } from '@sallyport/core';
import { loadParser } from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseReport } from './backend.js';
import { createSqlDescriber } from './describe.js';
import { decodeData, decodeForward, decodeOutcome, encodeData, encodeForward, encodeOutcome } from './heads.js';
import { type Prepared, SessionMemory } from './memory.js';
import { refusalMessage, sqlStates } from './refuse.js';
import { scramClient } from './scram.js';
import { parseTargetSettings } from './settings.js';
import { sortStartup } from './startup.js';
import { Names } from './statements.js';
import { MessageReader, message } from './wire.js';

beforeAll(() => loadParser());

const params = (entries: Record<string, string>) => new Map(Object.entries({ user: 'orders', ...entries }));

test('every error code has an SQLSTATE that PostgreSQL could send', () => {
  for (const code of errorCodes) expect(sqlStates[code]).toMatch(/^[0-9A-Z]{5}$/);
  const body = refusalMessage({ code: 'POLICY_DENIED', message: 'no', hint: 'ask' });
  expect(Object.fromEntries(parseReport({ type: body[0]!, raw: body, body: body.subarray(5) }))).toEqual({
    S: 'ERROR',
    V: 'ERROR',
    C: '42501',
    M: 'no',
    H: 'ask',
  });
});

test.each([
  [
    'client settings that change nothing else',
    {
      application_name: 'psql',
      TimeZone: 'UTC',
      client_encoding: 'UTF8',
      options: '-c statement_timeout=5s --lock-timeout=1s',
    },
  ],
  ['a C locale', { client_encoding: 'SQL_ASCII' }],
  ['replication switched off', { replication: 'false' }],
])('a start-up may bring %s', (_name, given) => {
  expect(sortStartup(params(given))).toHaveProperty('user', 'orders');
});

test('options become settings, and the client’s encoding is ours to choose', () => {
  expect(
    sortStartup(
      params({ options: '-c statement_timeout=5s --lock-timeout=1s -c sallyport.turn=a\\ b', client_encoding: 'utf8' }),
    ),
  ).toMatchObject({
    settings: [
      ['statement_timeout', '5s'],
      ['lock_timeout', '1s'],
      ['sallyport.turn', 'a b'],
    ],
  });
});

test.each([
  ['replication', { replication: 'database' }],
  ['another encoding', { client_encoding: 'SJIS' }],
  ['strings that are read another way', { standard_conforming_strings: 'off' }],
  ['a search path', { search_path: 'evil' }],
  ['a search path in the options', { options: '-c search_path=evil' }],
  ['a role in the options', { options: '-c role=postgres' }],
  ['an option that is not a setting', { options: '-P' }],
])('a start-up that brings %s is refused with what to do instead', (_name, given) => {
  expect(sortStartup(params(given))).toMatchObject({ refused: expect.any(String), hint: expect.any(String) });
});

describe('names', () => {
  test('a change that fails leaves what was there, and one behind it stays', () => {
    const names = new Names<string>();
    names.change('s', 'one').confirm();
    const second = names.change('s', 'two');
    expect(names.get('s')).toBe('two');
    second.undo();
    expect(names.get('s')).toBe('one');
    const failing = names.change('', 'unnamed');
    names.change('', 'another');
    failing.undo();
    expect(names.get('')).toBe('another');
  });

  test('what another meaning may still come back to is in doubt behind the next Sync, until it is answered', () => {
    const names = new Names<string>();
    names.change('s', 'one').confirm();
    const closing = names.change('s', undefined);
    const parsing = names.change('s', 'two');
    expect(names.doubtful()).toBe(false);
    names.nextGroup();
    expect([names.doubtful(), names.doubtful('s')]).toEqual([true, true]);
    closing.confirm();
    parsing.confirm();
    expect([names.get('s'), names.doubtful()]).toEqual(['two', false]);
  });

  test('a name that had no meaning is in no doubt: it means this or nothing', () => {
    const names = new Names<string>();
    names.change('s', 'one');
    names.nextGroup();
    expect(names.doubtful()).toBe(false);
  });
});

describe('what a session is known to hold', () => {
  const describer = createSqlDescriber();
  const memory = () =>
    new SessionMemory<Prepared>({ prepare: (text) => ({ text }), declare: () => ({ statement: undefined }) });
  const described = (sql: string, from: SessionMemory<Prepared>) =>
    describer.describe(sql, from.sqlSession(), undefined).description;

  test('a text that failed half-way leaves names of which nothing is known', () => {
    const held = memory();
    const after = held.apply(described('prepare p as select 1; select 1/0', held), 1);
    expect(held.sqlSession().prepared.get('p')).toBe('prepare p as select 1');
    after.failed();
    expect(held.sqlSession().prepared.has('p')).toBe(false);
    expect(held.statements.get('p')).toEqual({ text: undefined });
  });

  test('statements of one text count one after the other', () => {
    const held = memory();
    held.apply(described('prepare p as select 1; deallocate p', held), 1).done();
    expect(held.statements.get('p')).toBeUndefined();
  });

  test('code may have given any name another meaning', () => {
    const held = memory();
    held.apply(described('prepare p as select 1', held), 1).done();
    held.apply(described('do $$ begin end $$', held), 2).done();
    expect(held.statements.get('p')).toEqual({ text: undefined });
    expect(held.sqlSession()).toMatchObject({ temporary: 'any', searchPathCertain: false });
  });

  test('a catalogue that was read too early does not count for what was sent since', () => {
    const held = memory();
    held.apply(described('create table a ()', held), 1);
    held.apply(described('create table b ()', held), 2);
    held.catalogueRead(1);
    expect(held.sqlSession().catalogueStale).toBe(true);
    held.catalogueRead(2);
    expect(held.sqlSession().catalogueStale).toBeUndefined();
  });
});

test('a message in a hundred thousand pieces is one message', () => {
  const reader = new MessageReader();
  const whole = message('Q', Buffer.alloc(100_000, 'x'), Buffer.from([0]));
  for (let at = 0; at < whole.length; at += 1) reader.push(whole.subarray(at, at + 1));
  expect(reader.next()?.raw.equals(whole)).toBe(true);
  expect(reader.buffered).toBe(0);
});

test('heads of frames come back as they went', () => {
  const outcome = {
    status: 'failed' as const,
    code: '23505',
    rows: 7,
    bytes: 2 ** 40,
    maskedFields: 3,
    maskedBy: ['a', 'b'],
    durationMs: 1.5,
    confirmed: 2,
  };
  expect(decodeOutcome(encodeOutcome(outcome))).toEqual(outcome);
  expect(decodeOutcome(encodeOutcome({ status: 'done', maskedFields: 0, confirmed: 0 }))).toEqual({
    status: 'done',
    bytes: 0,
    maskedFields: 0,
    durationMs: 0,
    confirmed: 0,
  });
  for (const head of [
    { reaches: true, more: false, catalogue: 'abc' },
    { reaches: false, more: true, catalogue: '' },
    { reaches: true, more: true, catalogue: 'abc', operation: '0190f7a2-1111-7222-8333-444455556666' as OperationId },
    { reaches: false, more: false, catalogue: 'abc', lineage: '0123456789abcdef' },
    {
      reaches: true,
      more: false,
      catalogue: '',
      operation: '0190f7a2-1111-7222-8333-444455556666' as OperationId,
      lineage: '0123456789abcdef',
    },
  ])
    expect(decodeForward(encodeForward(head))).toEqual(head);
  for (const footer of [{}, { footer: '{"a":"b,c"}' }])
    expect(decodeOutcome(encodeOutcome({ ...outcome, ...footer }))).toEqual({ ...outcome, ...footer });
  const at = new Date(1_763_715_600_123);
  for (const head of [{ more: false }, { more: true }, { more: false, at }, { more: true, at }])
    expect(decodeData(encodeData(head))).toEqual(head);
  expect(encodeData({ more: false })).toHaveLength(0);
  expect(() => decodeData(Buffer.alloc(9, 0xff))).toThrow(/time stamp/);
  expect(() => decodeForward(Buffer.from('D../../etc', 'latin1'))).toThrow(/no id/);
  expect(decodeForward(new Uint8Array(0)).reaches).toBe(true); // nothing said is the stricter reading
});

test('SCRAM answers the example of RFC 7677, and believes no server that cannot prove itself', async () => {
  // The RFC's exchange names a user; PostgreSQL's does not, so only the shape and the refusals are taken from it.
  const client = scramClient('pencil', 'rOprNGfwEbeRWgbNEkqO');
  const first = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
  expect(client.first).toBe('n,,n=,r=rOprNGfwEbeRWgbNEkqO');
  expect(await client.answer(first)).toMatch(
    /^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[A-Za-z0-9+/]{43}=$/,
  );
  expect(() => client.verify('v=AAAA')).toThrow(/could not prove/);
  await expect(scramClient('x', 'abc').answer('r=other,s=AAAA,i=1')).rejects.toThrow(/malformed/);
  await expect(scramClient('x', 'abc').answer('r=abcd,s=AAAA,i=99999999')).rejects.toThrow(/too many/);
});

test('mistakes in a target’s settings are named together', () => {
  expect(() => parseTargetSettings({ databases: [], tls: { mode: 'maybe' } })).toThrow(
    /"databases" must list.*"tls.mode" must be one of/,
  );
  expect(parseTargetSettings({ databases: ['app'] }).tls.mode).toBe('verify-full');
});
