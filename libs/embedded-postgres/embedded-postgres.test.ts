import { describe, expect, test } from 'vitest';
import { failureOf, fileFailure } from './errors.js';
import { unprivilegedUser } from './os-user.js';
import { parsePostmasterPid } from './postmaster-pid.js';

describe('what PostgreSQL prints is told as what to do', () => {
  test.each([
    ['initdb: error: could not create directory "/d": No space left on device', 'DISK_FULL', 'free some space'],
    ['FATAL:  could not create shared memory segment: No space left on device', 'DISK_FULL', '/dev/shm'],
    ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'PORT_IN_USE', 'another port'],
    ['FATAL:  lock file "postmaster.pid" already exists', 'IN_USE', 'stop that server'],
    ['FATAL:  database files are incompatible with server', 'INCOMPATIBLE_DATA', 'another version|old version'],
    ['initdb: error: could not change permissions of directory "/d": Operation not permitted', 'NOT_PERMITTED', '0700'],
    ['initdb: error: could not look up effective user ID 4711: user does not exist', 'NOT_PERMITTED', '/etc/passwd'],
    ['something nobody has seen', 'FAILED', 'server.log'],
  ])('%s', (text, code, hint) => {
    const failure = failureOf('initdb failed', text);
    expect(failure.code).toBe(code);
    expect(failure.hint).toMatch(new RegExp(hint));
    expect(failure.message).toMatch(/^initdb failed: /);
  });

  test('a file-system error keeps its cause, and one of ours stays as it is', () => {
    const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(fileFailure('copying failed', cause)).toMatchObject({ code: 'DISK_FULL', cause });
    const ours = failureOf('x', 'y');
    expect(fileFailure('z', ours)).toBe(ours);
  });
});

describe('the user for the server', () => {
  const root = 'root:x:0:0:root:/root:/bin/bash';
  const nobody = 'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin';
  test('is postgres where there is one', () => {
    expect(unprivilegedUser([root, nobody, 'postgres:x:101:104::/var/lib/postgresql:/bin/bash'].join('\n'))).toEqual({
      name: 'postgres',
      uid: 101,
      gid: 104,
    });
  });
  test('else nobody, and never root', () => {
    expect(unprivilegedUser([root, nobody].join('\n'))).toMatchObject({ name: 'nobody' });
    expect(unprivilegedUser(`${root}\npostgres:x:0:0::/:/bin/sh`)).toBeUndefined();
  });
});

describe('postmaster.pid', () => {
  test('is read by its lines', () => {
    const text = '4711\n/data\n1795254000\n5433\n\n127.0.0.1\n  5432001    32768\nready   \n';
    expect(parsePostmasterPid(text)).toEqual({ pid: 4711, dataDir: '/data', port: 5433, ready: true });
    expect(parsePostmasterPid(text.replace('ready', 'starting'))).toMatchObject({ ready: false });
  });
  test.each(['', 'garbage', '-5\n/data', '0\n/data', '1\n/data'])('%j names no server', (text) => {
    expect(parsePostmasterPid(text)).toBeUndefined();
  });
});
