import { GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import { createLog } from './log.js';

function lines(): { write(line: string): void; all: string[] } {
  const all: string[] = [];
  return { all, write: (line) => void all.push(line) };
}

test('an error of ours is logged in full; of any other only what cannot quote a secret', () => {
  const destination = lines();
  const log = createLog('info', destination);
  const cause = Object.assign(new Error('password "canary" rejected'), { code: 'ECONNREFUSED' });

  log('session.failed', {
    session: 's1',
    error: new GatewayError('TARGET_UNREACHABLE', 'the target does not answer', { cause }),
  });
  log('survey.failed', { error: cause });

  expect(destination.all.join()).not.toContain('canary');
  expect(JSON.parse(destination.all[0]!)).toMatchObject({
    event: 'session.failed',
    level: 40,
    error: { code: 'TARGET_UNREACHABLE', cause: { code: 'ECONNREFUSED' } },
  });
});

test('nothing below the level is written', () => {
  const destination = lines();

  createLog('error', destination)('link.connected');

  expect(destination.all).toEqual([]);
});
