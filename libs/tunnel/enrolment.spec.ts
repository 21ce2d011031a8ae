import { randomUUID } from 'node:crypto';
import { createServer } from 'node:tls';
import { type AgentId, GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import {
  createAuthority,
  createEnrolmentKey,
  type Enrolment,
  EnrolmentServer,
  enrol,
  fingerprint,
  formatEnrolmentKey,
  issueAgentCertificate,
  issueServerCertificate,
  type KeyPair,
} from './index.js';

async function enrolmentWorld(limits?: { perCaller: number; overall: number; windowMs: number }) {
  const authority = await createAuthority();
  const server = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const seen: Enrolment[] = [];
  const keys = new Set<string>();
  const service = new EnrolmentServer({
    address: '127.0.0.1:0',
    tls: { ca: authority.certificate, cert: server.certificate, key: server.privateKey },
    log: () => undefined,
    ...(limits === undefined ? {} : { limits }),
    hooks: {
      enrol: async (request) => {
        seen.push(request);
        if (!keys.delete(request.secret)) throw new GatewayError('UNAUTHENTICATED', 'this enrolment key is not valid');
        const agentId = randomUUID() as AgentId;
        return {
          agentId,
          certificate: (await issueAgentCertificate(authority, request.csr, agentId)).certificate,
          ca: authority.certificate,
          logKey: 'log',
        };
      },
    },
  });
  await service.listen();
  return {
    authority,
    seen,
    address: `127.0.0.1:${service.port}`,
    newKey() {
      const key = createEnrolmentKey(fingerprint(authority.certificate));
      keys.add(key.secret);
      return formatEnrolmentKey(key);
    },
    async [Symbol.asyncDispose]() {
      service.close();
    },
  };
}

const about = { witnessKey: 'witness', version: '0.1.0', timeoutMs: 3_000 };

test('a key is exchanged for a certificate, once', async () => {
  await using world = await enrolmentWorld();
  const key = world.newKey();

  const { agentId, identity, logKey } = await enrol({ address: world.address, key, ...about });

  expect(identity.certificate).toContain('BEGIN CERTIFICATE');
  expect(fingerprint(identity.ca)).toBe(fingerprint(world.authority.certificate));
  expect(logKey).toBe('log');
  expect(agentId).toMatch(/^[0-9a-f-]{36}$/);
  expect(world.seen[0]).toMatchObject({ witnessKey: 'witness', version: '0.1.0' });
  await expect(enrol({ address: world.address, key, ...about })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('the secret is never said to a server of another authority', async () => {
  await using world = await enrolmentWorld();
  const key = world.newKey();
  await using imposter = await enrolmentWorld();

  await expect(enrol({ address: imposter.address, key, ...about })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });

  expect(imposter.seen).toEqual([]);
});

test('the secret is never said to who shows the right authority but has no certificate of it', async () => {
  await using world = await enrolmentWorld();
  const key = world.newKey();
  await using thief = await eavesdropper(await createAuthority(), world.authority.certificate);

  await expect(enrol({ address: thief.address, key, ...about })).rejects.toMatchObject({
    code: expect.stringMatching(/AGENT_OFFLINE|UNAUTHENTICATED/) as string,
  });

  expect(thief.heard()).not.toContain(key.split('.')[1]);
});

/** Presents a leaf of its own with the real authority's certificate behind it, and notes every byte it is sent. */
async function eavesdropper(own: KeyPair, shown: string) {
  const leaf = await issueServerCertificate(own, ['localhost', '127.0.0.1']);
  const heard: Buffer[] = [];
  const server = createServer(
    { cert: `${leaf.certificate}\n${shown}`, key: leaf.privateKey, ALPNProtocols: ['h2'] },
    (socket) => {
      socket.on('data', (chunk: Buffer) => heard.push(chunk));
      socket.on('error', () => undefined);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    heard: () => Buffer.concat(heard).toString('latin1'),
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

test('whoever tries keys is held back', async () => {
  await using world = await enrolmentWorld({ perCaller: 3, overall: 100, windowMs: 60_000 });
  const wrong = formatEnrolmentKey(createEnrolmentKey(fingerprint(world.authority.certificate)));
  const codes: string[] = [];

  for (let n = 0; n < 4; n += 1)
    await enrol({ address: world.address, key: wrong, ...about }).catch((error: GatewayError) =>
      codes.push(error.code),
    );

  expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'RATE_LIMITED']);
  expect(world.seen).toHaveLength(3);
});

test('a control plane that does not answer ends the attempt', async () => {
  await expect(
    enrol({ address: '127.0.0.1:1', key: formatEnrolmentKey(createEnrolmentKey('x'.repeat(43))), ...about }),
  ).rejects.toMatchObject({ code: 'AGENT_OFFLINE' });
});
