import { expect, test } from 'vitest';
import { parseOptions, portsFrom } from './options.js';
import { rowsText } from './print.js';
import { ordersWanted, sampleSql } from './sample-data.js';
import { Trouble, told } from './trouble.js';

test('the default ports are those that the documents name', () => {
  expect(portsFrom(7400)).toEqual({
    api: 7400,
    tunnel: 7401,
    enrolment: 7402,
    issuer: 7403,
    store: 7404,
    target: 7405,
    s3: 7406,
    dynamodb: 7407,
    restOfAws: 7408,
    agentHealth: 7410,
    postgres: 7432,
    aws: 7443,
    anthropic: 7445,
    openai: 7446,
  });
});

test('another base moves every port', () => {
  expect(parseOptions(['--once'], { SALLYPORT_QUICKSTART_PORT_BASE: '17400' })).toEqual({
    once: true,
    ports: portsFrom(17400),
  });
});

test.each([
  [['--twice'], {}, '--twice'],
  [[], { SALLYPORT_QUICKSTART_PORT_BASE: '80' }, '1024'],
  [[], { SALLYPORT_QUICKSTART_PORT_BASE: '65530' }, '65489'],
  [[], { SALLYPORT_QUICKSTART_PORT_BASE: 'http' }, 'http'],
])('%j with %j is refused', (args, env, says) => expect(() => parseOptions(args, env)).toThrow(says));

test('help is help', () => expect(parseOptions(['--help'], {})).toBe('help'));

test.each([
  [new Error('write ENOSPC'), 'the disk is full'],
  [new Error('initdb failed: No space left on device'), 'the disk is full'],
  [new Trouble('port 7400 is in use', 'stop it'), 'port 7400 is in use'],
  ['a text', 'a text'],
])('%s is told as "%s", with what to do', (error, message) => {
  expect(told(error).message).toBe(message);
  expect(told(error).hint).not.toBe('');
});

test('rows are shown as psql shows them', () => {
  expect(
    rowsText([
      { id: 1, note: null },
      { id: 22, note: 'x' },
    ]),
  ).toBe(' id | note\n----+------\n 1  | NULL\n 22 | x');
});

test('the sample brings its rows back without doubling them', () => {
  const sql = sampleSql('agent', "it's");
  expect(sql).toContain("password 'it''s'");
  expect(sql).toContain(`generate_series(1, ${ordersWanted} - (select count(*)::int from orders))`);
});
