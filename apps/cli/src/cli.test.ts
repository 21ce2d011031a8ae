import { errorCodes } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { apiUrl } from './api.js';
import { treeOf } from './commands/completions.js';
import { exitCodes } from './exit-codes.js';
import { plain, plainLine, safeJson } from './plain-text.js';
import { programOf, run } from './program.js';
import { errorResponse, message, readHello, startupPacket } from './proxy/startup.js';
import { replayText } from './replay.js';
import { table } from './table.js';

const world = (env: NodeJS.ProcessEnv = {}) => {
  const said = { out: '', err: '' };
  return {
    said,
    env: { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', ...env },
    program: ['/usr/bin/sallyport'],
    out: (text: string) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
  };
};

describe('text of others', () => {
  test.each([
    ['\u001b[2J\u001b]0;owned\u0007', '\\x1b[2J\\x1b]0;owned\\x07'],
    ['delete\u202e;eteled', 'delete\\u{202e};eteled'],
    ['cust\u200bomers', 'cust\\u{200b}omers'],
    ['\u009b31m', '\\x9b31m'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['overwritten\rgood', 'overwritten\\x0dgood'],
    ['größer 漢字 🙂', 'größer 漢字 🙂'],
  ])('%j is shown as %s', (given, shown) => expect(plain(given)).toBe(shown));

  test('stays in its line in a table, and readable in JSON', () => {
    expect(plainLine('a\nb\tc')).toBe('a\\nb\\tc');
    const hostile = { note: '\u001b[31m\u202eevil\u{e0041}' };
    expect(safeJson(hostile)).not.toMatch(/\p{Cc}(?<!\n)|\p{Cf}/u);
    expect(JSON.parse(safeJson(hostile))).toEqual(hostile);
  });

  test('cannot break a table', () => {
    const rows = [
      { name: 'a\u001b[0m', size: null },
      { name: 'x'.repeat(100), size: ['a', 'b'] },
    ];
    const lines = table(rows, { name: (row) => row.name, size: (row) => row.size })
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^a\\x1b\[0m +-$/);
    expect(lines[2]).toContain('…  a, b');
  });
});

test('every error code has an exit status that is not success', () => {
  expect(Object.keys(exitCodes).sort()).toEqual([...errorCodes].sort());
  expect(Object.values(exitCodes).every((status) => status > 0 && status < 256)).toBe(true);
});

describe('the address of the control plane', () => {
  test.each(['http://sallyport.example.com', 'http://192.0.2.7:7400', 'ftp://127.0.0.1', 'not a url'])(
    '%s is refused',
    (url) => {
      expect(() => apiUrl(url, { XDG_CONFIG_HOME: '/nonexistent' })).toThrow();
    },
  );
  test.each([
    ['http://127.0.0.1:7400/', 'http://127.0.0.1:7400'],
    ['http://localhost:1', 'http://localhost:1'],
    ['https://sallyport.example.com/gate/', 'https://sallyport.example.com/gate'],
  ])('%s is taken', (url, expected) => expect(apiUrl(url, {})).toBe(expected));
});

describe('wrong use', () => {
  test('ends with status 2 and says what is wrong', async () => {
    const { said, ...at } = world();
    expect(await run(['frobnicate'], at)).toBe(2);
    expect(said.err).toContain("unknown command 'frobnicate'");
  });
  test('a verdict without a reason is not sent', async () => {
    const { said, ...at } = world();
    expect(await run(['reviews', 'approve', 'r1'], at)).toBe(2);
    expect(said.err).toContain('--reason');
  });
  test('without a login says how to get one, in JSON too', async () => {
    const { said, ...at } = world();
    expect(await run(['reviews', 'list', '--json'], at)).toBe(3);
    expect(JSON.parse(said.err)).toMatchObject({
      error: { code: 'UNAUTHENTICATED', hint: 'run sallyport login, or set SALLYPORT_TOKEN' },
    });
  });
});

test('help and version end well', async () => {
  const { said, ...at } = world();
  expect(await run(['--help'], at)).toBe(0);
  expect(await run(['--version'], at)).toBe(0);
  expect(said.out).toContain('Exit status');
});

test('every command answers in JSON and takes an address', () => {
  const leaves = treeOf(programOf(world())).filter(({ words }) => words.every((word) => word.startsWith('--')));
  expect(leaves.length).toBeGreaterThan(30);
  for (const { path, words } of leaves) expect([path, ...words]).toEqual(expect.arrayContaining(['--json', '--url']));
});

test.each(['bash', 'zsh', 'fish'])('completions for %s know the commands', async (shell) => {
  const { said, ...at } = world();
  expect(await run(['completions', shell], at)).toBe(0);
  for (const word of ['policies', 'rollback', '--reason']) expect(said.out).toContain(word.replace(/^--/, ''));
});

describe('a replay', () => {
  test('tells who asked what, the decision, the review, the outcome and the answer, and nothing of it steers the terminal', () => {
    const ravi = { id: 'p', class: 'person', name: 'ravi@example.test' };
    const text = replayText([
      {
        at: '1',
        event: 'session.started',
        identity: { name: 'ada@example.test' },
        client: { name: 'psql' },
        connection: { name: 'orders' },
        database: 'shop',
      },
      {
        at: '2',
        event: 'operation.reviewing',
        text: 'delete from orders\u001b[2J',
        parameters: ['1', null],
        decision: { outcome: 'review', policies: ['p1'] },
      },
      {
        at: '3',
        event: 'review.requested',
        review: {
          state: 'requested',
          requested_by: { name: 'ada' },
          requirement: { groups: ['reviewers'] },
          expires_at: '9',
        },
      },
      {
        at: '4',
        event: 'review.voted',
        review: { state: 'voted', vote: { verdict: 'approve', by: ravi, reason: 'ticket 42' } },
      },
      {
        at: '5',
        event: 'operation.denied',
        text: 'drop',
        decision: { outcome: 'deny', policies: ['p2'], refusal: { message: 'no' } },
      },
      {
        at: '6',
        event: 'operation.completed',
        outcome: {
          status: 'done',
          rows: 1,
          masked_fields: 2,
          masked_by: ['r1'],
          duration_ms: 3.24159,
          flags: ['remote-image'],
        },
        response: 'id\n7\u202e',
      },
      { at: '7', event: 'session.ended', reason: { code: 'CLIENT_LEFT', message: 'the client ended the session' } },
      { at: '8', event: 'operation.allowed', erased: true },
    ]);
    expect(text).toBe(`1  session.started
  ada@example.test with psql to orders, database shop

2  operation.reviewing
    delete from orders\\x1b[2J
  parameters 1, -
  review by p1

3  review.requested
  asked for by ada, of reviewers, until 9

4  review.voted
  approve by ravi@example.test: ticket 42

5  operation.denied
    drop
  deny by p2: no

6  operation.completed
  done (rows 1, ms 3.2, masked 2 by r1, flagged remote-image)
    id
    7\\u{202e}

7  session.ended
  the client ended the session

8  operation.allowed
  erased: its key was destroyed
`);
  });
  test('of nothing says so', () => expect(replayText([])).toBe('nothing was asked\n'));
});

describe('a client’s first packet', () => {
  const startup = startupPacket(
    196608,
    new Map([
      ['user', 'any'],
      ['database', 'orders'],
    ]),
  );
  test('is read once it is whole, wherever it is cut, and leaves what follows', () => {
    for (let cut = 0; cut < startup.length; cut += 1) expect(readHello(startup.subarray(0, cut))).toBeUndefined();
    const { hello, rest } = readHello(Buffer.concat([startup, Buffer.from('Q')]))!;
    expect(hello).toEqual({
      kind: 'startup',
      version: 196608,
      parameters: new Map([
        ['user', 'any'],
        ['database', 'orders'],
      ]),
    });
    expect(rest.toString()).toBe('Q');
  });
  test.each([
    ['00000008 04d2162f', 'ssl'],
    ['00000008 04d21630', 'gss'],
    ['00000010 04d2162e 00000001 00000002', 'cancel'],
  ])('%s is %s', (hex, kind) => expect(readHello(Buffer.from(hex.replaceAll(' ', ''), 'hex'))!.hello.kind).toBe(kind));
  test.each([
    '00000004',
    '00000007 000300',
    '7fffffff',
    'ffffffff',
    '00002711',
    '00000008 00020000',
    '00000008 00000000',
  ])('%s is refused', (hex) => {
    expect(() => readHello(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
    );
  });
  test('messages carry their length', () => {
    expect(message('p', Buffer.from('x\0')).toString('hex')).toBe('70000000067800');
    expect(errorResponse('no', 'ask').toString('latin1')).toMatch(/^E.{4}SFATAL\0VFATAL\0C08006\0Mno\0Hask\0\0$/s);
  });
});
