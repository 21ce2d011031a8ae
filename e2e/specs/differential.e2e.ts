import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentPassword, Installation } from '../testing/installation.js';
import { replay } from '../testing/wire.js';
import { wireScripts } from '../testing/wire-scripts.js';

let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({ policy: 'allow-all' });
});
afterAll(() => sallyport?.stop());

const direct = () =>
  ({
    host: '127.0.0.1',
    port: sallyport.target.port,
    tls: { mode: 'disable' },
    credential: { user: 'app', password: agentPassword },
    database: 'shop',
  }) as const;

const throughTheGateway = async () =>
  ({
    host: '127.0.0.1',
    port: sallyport.ports.postgres,
    tls: { mode: 'require' },
    credential: { user: 'orders', password: (await sallyport.ticket()).ticket },
    database: 'shop',
  }) as const;

describe('every message is the same, but for its keys', () => {
  test.each(Object.entries(wireScripts))('%s', async (_name, script) => {
    const [expected, actual] = await Promise.all([replay(direct(), script), replay(await throughTheGateway(), script)]);
    expect(actual).toEqual(expected);
  });
});
