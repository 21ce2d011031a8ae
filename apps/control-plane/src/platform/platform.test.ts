import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCodes, GatewayError } from '@sallyport/core';
import { afterEach, describe, expect, test } from 'vitest';
import { may, permissions } from './authorization/index.js';
import { parseConfiguration } from './config.js';
import { gatewayErrorOf } from './http/problem-filter.js';
import { codeOfStatus, problems } from './http/problems.js';
import { RateLimiter } from './http/rate-limiter.js';
import { Log } from './logging/log.js';
import { loadMasterKey, MasterKey } from './master-key.js';
import { Clock } from './providers.js';

describe('permissions', () => {
  test('of a reviewer and a user hold nothing that changes how the gateway works', () => {
    for (const permission of Object.keys(permissions) as (keyof typeof permissions)[]) {
      if (/\.(write|enrol|erase|end-grants|revoke-any|end-any|export)$/.test(permission)) {
        expect([permission, may({ roles: ['reviewer'] }, permission) || may({ roles: ['user'] }, permission)]).toEqual([
          permission,
          false,
        ]);
      }
    }
  });

  test('of an auditor change nothing at all', () => {
    const held = (Object.keys(permissions) as (keyof typeof permissions)[]).filter((permission) =>
      may({ roles: ['auditor'] }, permission),
    );
    expect(held.every((permission) => /\.(read|read-any|export|test)$/.test(permission))).toBe(true);
  });

  test('of nobody are to know oneself', () => {
    const held = (Object.keys(permissions) as (keyof typeof permissions)[]).filter((permission) =>
      may({ roles: [] }, permission),
    );
    expect(held).toEqual(['identity.read']);
  });
});

describe('problems', () => {
  test('have a status and a title for every code, and a login is asked for exactly where one helps', () => {
    for (const code of errorCodes)
      expect(problems[code]).toMatchObject({ status: expect.any(Number), title: expect.stringMatching(/^[A-Z]/) });
    expect(errorCodes.filter((code) => problems[code].status === 401)).toEqual([
      'TICKET_INVALID',
      'TICKET_EXPIRED',
      'GRANT_ENDED',
      'UNAUTHENTICATED',
    ]);
  });

  test.each([
    Object.assign(new Error('could not extend file'), { code: '53100' }),
    Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
  ])('of a database that is away or full say that it is: $message', (cause) => {
    expect(gatewayErrorOf(cause)).toMatchObject({ code: 'RECORDING_UNAVAILABLE', cause });
    expect(gatewayErrorOf(cause).message).not.toContain(cause.message);
  });

  test.each(['23505', '42P01'])('of a statement that the database refuses (%s) are our own mistake', (code) => {
    expect(gatewayErrorOf(Object.assign(new Error('no'), { code }))).toMatchObject({ code: 'INTERNAL' });
  });

  test('of unknown errors keep their text to themselves', () => {
    const cause = new Error('canary: password=hunter2');
    expect(gatewayErrorOf(cause)).toMatchObject({ code: 'INTERNAL', message: 'the control plane failed', cause });
    expect(gatewayErrorOf(new GatewayError('CONFLICT', 'taken')).message).toBe('taken');
    expect([405, 418, 502].map(codeOfStatus)).toEqual(['NOT_FOUND', 'INVALID_INPUT', 'INTERNAL']);
  });
});

describe('the rate limiter', () => {
  class Hands extends Clock {
    at = 0;
    override now(): Date {
      return new Date(this.at);
    }
  }

  test('lets a burst through, then as many as the minute allows, each key by itself', () => {
    const clock = new Hands();
    const limiter = new RateLimiter(clock);
    const takes = (key: string): boolean => {
      try {
        limiter.take('login', key);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retry_after_seconds: 2 } });
        return false;
      }
    };
    expect(Array.from({ length: 22 }, () => takes('a'))).toEqual([...Array(20).fill(true), false, false]);
    expect(takes('b')).toBe(true);
    clock.at = 4000; // 30 a minute are two in four seconds
    expect([takes('a'), takes('a'), takes('a')]).toEqual([true, true, false]);
    clock.at = 0; // a clock that goes back gives nothing
    expect(takes('a')).toBe(false);
  });

  test('looks without taking', () => {
    const limiter = new RateLimiter(new Hands());
    for (let index = 0; index < 100; index += 1) limiter.check('failed-login', 'a');
    for (let index = 0; index < 20; index += 1) limiter.take('failed-login', 'a');
    expect(() => limiter.check('failed-login', 'a')).toThrow(GatewayError);
  });
});

describe('the master key', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'sallyport-key-'));
    folders.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of folders.splice(0)) rmSync(made, { recursive: true });
  });
  const settings = (dataDir: string, more: Record<string, string> = {}) =>
    parseConfiguration({ SALLYPORT_OIDC_ISSUER: 'https://login.example.com', SALLYPORT_DATA_DIR: dataDir, ...more });

  test('is made once for an embedded database and found again', () => {
    const dataDir = folder();
    const made = loadMasterKey(settings(dataDir));
    expect(loadMasterKey(settings(dataDir)).fingerprint).toBe(made.fingerprint);
    expect(loadMasterKey(settings(folder())).fingerprint).not.toBe(made.fingerprint);
  });

  test('is never made up where several replicas may share a database', () => {
    expect(() => loadMasterKey(settings(folder(), { DATABASE_URL: 'postgres://db/x' }))).toThrow(/is not there/);
  });

  test.each(['', 'short', 'a'.repeat(40), 'not base64 at all, and longer than forty-three characters'])(
    'is not %j',
    (text) => {
      const dataDir = folder();
      writeFileSync(join(dataDir, 'master-key'), text);
      expect(() => loadMasterKey(settings(dataDir))).toThrow(GatewayError);
    },
  );

  test('gives each purpose a key of its own, the same every time', () => {
    const key = new MasterKey(new Uint8Array(32).fill(7));
    expect(key.derive('a')).toEqual(key.derive('a'));
    expect(key.derive('a')).not.toEqual(key.derive('b'));
    expect(key.derive('a', 16)).toHaveLength(16);
  });
});

describe('the log', () => {
  const written = (details: Record<string, unknown>): string => {
    let text = '';
    Log.at('info', {
      write: (line: string) => {
        text += line;
      },
    }).info('thing.happened', details);
    return text;
  };

  test.each([
    [{ password: 'canary' }],
    [{ request: { headers: { authorization: 'Bearer canary' } } }],
    [{ headers: { cookie: 'canary', 'set-cookie': 'canary' } }],
    [{ ticket: 'canary', token: 'canary', secret: 'canary' }],
    [{ body: { client_secret: 'canary' } }],
  ])('hides %j', (details) => {
    expect(written(details)).not.toContain('canary');
  });

  test('tells an error with its code and causes', () => {
    const error = new GatewayError('INTERNAL', 'failed', { cause: new Error('because') });
    expect(JSON.parse(written({ error }))).toMatchObject({
      event: 'thing.happened',
      error: { code: 'INTERNAL', message: 'failed', cause: { message: 'because' } },
    });
  });
});
