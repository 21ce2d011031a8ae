import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { peer } from '@sallyport/testkit';
import { expect, test } from 'vitest';
import { repository } from './folder.js';

test('docker-compose itself takes docker-compose.yml', (context) => {
  const program = peer('docker-compose', context);
  const { status, stdout, stderr } = spawnSync(
    program,
    ['-f', path.join(repository, 'docker-compose.yml'), 'config', '--no-interpolate'],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr.replace(/^.*warning.*$/gim, '').trim()).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain('control-plane');
});
