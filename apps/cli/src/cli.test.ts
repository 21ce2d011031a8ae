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
    expect(safeJson(hostile)).not.toMatch(/[\u0080-\u009f\u202e]|\u001b/);
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
  test('tells statement, decision, review, outcome and answer, with nothing of them able to steer the terminal', () => {
    const text = replayText({
      items: [
        {
          at: '2026-01-02T03:04:05Z',
          action: 'sql.execute',
          text: 'delete from orders\u001b[2J where id = 1',
          decision: { outcome: 'review', policies: ['deletes-need-a-reviewer'] },
          review: { state: 'consumed', votes: [{ verdict: 'approve', by: { name: 'Ravi' }, reason: 'ticket 42' }] },
          outcome: { status: 'done', rows: 1, masked_fields: 0, duration_ms: 3 },
          response: 'DELETE 1',
        },
      ],
    });
    expect(text).toBe(`2026-01-02T03:04:05Z  sql.execute
    delete from orders\\x1b[2J where id = 1
  review by deletes-need-a-reviewer
  review consumed (approve by Ravi: ticket 42)
  done (rows 1, masked 0, ms 3)
    DELETE 1
`);
  });
  test('of nothing says so', () => expect(replayText({ items: [] })).toBe('nothing was asked\n'));
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
