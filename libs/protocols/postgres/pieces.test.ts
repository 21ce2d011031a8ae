import { errorCodes } from '@sallyport/core';
import { expect, test } from 'vitest';
import { parseReport } from './backend.js';
import { decodeForward, decodeOutcome, encodeForward, encodeOutcome } from './heads.js';
import { SessionMemory } from './memory.js';
import { refusalMessage, sqlStates } from './refuse.js';
import { scramClient } from './scram.js';
import { parseTargetSettings } from './settings.js';
import { sortStartup } from './startup.js';
import { Statements } from './statements.js';

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
  ['a search path', { search_path: 'evil' }],
  ['a search path in the options', { options: '-c search_path=evil' }],
  ['a role in the options', { options: '-c role=postgres' }],
  ['an option that is not a setting', { options: '-P' }],
])('a start-up that brings %s is refused with what to do instead', (_name, given) => {
  expect(sortStartup(params(given))).toMatchObject({ refused: expect.any(String), hint: expect.any(String) });
});

test('a named statement stays what it is until it is closed, and every change can be taken back', () => {
  const statements = new Statements<string>();
  statements.parse('s', 'one');
  statements.parse('s', 'two');
  expect(statements.statement('s')).toBe('one');
  const undo = statements.close('S', 's');
  expect(statements.statement('s')).toBeUndefined();
  undo();
  expect(statements.statement('s')).toBe('one');
  const back = statements.parse('', 'unnamed');
  statements.parse('', 'another');
  expect(statements.statement('')).toBe('another');
  back();
  expect(statements.statement('')).toBeUndefined();
});

test('a PREPARE that failed leaves a name behind of which nothing is known', () => {
  const memory = new SessionMemory((text) => ({ text }));
  const failed = memory.apply({ prepares: [{ name: 'p', text: 'select 1' }] });
  expect(memory.sqlSession().prepared.get('p')).toBe('select 1');
  failed();
  expect(memory.sqlSession().prepared.has('p')).toBe(false);
  expect(memory.statements.statement('p')).toEqual({ text: undefined });
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
  ])
    expect(decodeForward(encodeForward(head))).toEqual(head);
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
