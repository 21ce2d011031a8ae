import { randomUUID } from 'node:crypto';
import type { AgentId, SessionId } from '@sallyport/core';
import { type Channel, type Frame, FrameKind } from '@sallyport/engine';
import { formatVerifierKey, generateNoteKey, keyTypes } from '@sallyport/evidence';
import { AgentLink, createAgentRequest, type Enrolled, enrol, type HelloFacts } from '@sallyport/tunnel';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { ServiceAccountsModule } from '../service-accounts/service-accounts.module.js';
import type { AgentView } from './agent.js';
import { AgentsModule } from './agents.module.js';
import { CertificateAuthority } from './certificate-authority.js';
import { TunnelHost } from './tunnel-host.js';

let house: TestControlPlane;
let admin: Session;
const links: AgentLink[] = [];

beforeAll(async () => {
  house = await testControlPlane({
    features: [AgentsModule, EvidenceModule, GrantsModule, IdentityModule, PeopleModule, ServiceAccountsModule],
  });
  admin = await house.as(['admin'], { sub: 'root' });
});
afterAll(async () => {
  await Promise.all(links.map((link) => link.stop(0)));
  await house?.[Symbol.asyncDispose]();
});

const tunnelOf = ({ app }: ControlPlane): TunnelHost => app.get(TunnelHost);
const query = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  house.controlPlane.app.get(DataSource).query(sql, parameters);
const newName = (): string => `agent-${randomUUID().slice(0, 8)}`;
const newWitnessKey = (): string =>
  formatVerifierKey(generateNoteKey('witness.example.com', keyTypes.cosignature).signer.key);

async function keyFor(name = newName(), more: object = {}): Promise<string> {
  const { body } = await admin.post('/v1/agents/enrolment-keys', { name, ...more }).expect(201);
  return (body as { key: string }).key;
}

const enrolled = (key: string): Promise<Enrolled> =>
  enrol({
    address: `localhost:${tunnelOf(house.controlPlane).enrolmentPort}`,
    key,
    witnessKey: newWitnessKey(),
    version: '0.1.0',
  });

const facts: HelloFacts = {
  agentVersion: '0.1.0',
  sqlVersion: '0.1.0',
  capabilities: [],
  targets: [{ alias: 'orders', protocol: 'postgres', databases: ['orders'] }],
  witnessKey: '',
  witnessedCheckpoints: [],
};

/** An agent that answers each FORWARD with its body. */
async function echo(channel: Channel): Promise<void> {
  for await (const frame of channel.frames)
    if (frame.kind === FrameKind.FORWARD) channel.write({ ...frame, kind: FrameKind.DATA });
}

function linkTo(
  plane: ControlPlane,
  { identity }: Pick<Enrolled, 'identity'>,
  more: Partial<HelloFacts> = {},
  log: string[] = [],
): AgentLink {
  const link = new AgentLink({
    address: `localhost:${tunnelOf(plane).tunnelPort}`,
    identity,
    hello: () => ({ ...facts, ...more }),
    admit: () => undefined,
    serve: echo,
    cosign: async () => '',
    keep: async () => undefined,
    log: (event, { error }) => log.push(`${event} ${error instanceof Error ? error.message : ''}`),
  });
  links.push(link);
  link.start();
  return link;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 500) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function listed(id: AgentId): Promise<AgentView | undefined> {
  const { body } = await admin.get('/v1/agents?limit=200').expect(200);
  return (body as { items: AgentView[] }).items.find((agent) => agent.id === id);
}

test('an agent that shows its key is enrolled, linked and listed, and a session goes through it', async () => {
  const name = newName();
  const agent = await enrolled(await keyFor(name));
  const link = linkTo(house.controlPlane, agent, {
    targets: [{ alias: 'through', protocol: 'postgres', databases: ['orders'] }],
  });
  await until(() => link.isConnected);

  expect(await listed(agent.agentId)).toMatchObject({
    name,
    state: 'connected',
    connected: true,
    version: '0.1.0',
    targets: [{ alias: 'through' }],
  });
  expect(tunnelOf(house.controlPlane).agentsServing('through', 'postgres')).toEqual([agent.agentId]);
  const channel = await tunnelOf(house.controlPlane).open(
    { session: randomUUID() as SessionId, target: 'through', protocol: 'postgres', head: Buffer.from('{}') },
    { timeoutMs: 5_000 },
  );
  channel.write({ kind: FrameKind.FORWARD, exchange: 1, head: Buffer.alloc(0), body: Buffer.from('hello') });
  const answer = (await channel.frames[Symbol.asyncIterator]().next()).value as Frame;
  expect(Buffer.from(answer.body).toString()).toBe('hello');

  await link.stop(0);
  await until(async () => (await listed(agent.agentId))?.state === 'offline');
  const events = await query<{ event: string }>(
    `select event from evidence_entries where event like 'agent.%' or event like 'enrolment-key.%' order by id`,
  );
  expect(events.map(({ event }) => event)).toEqual([
    'enrolment-key.issued',
    'agent.enrolled',
    'agent.connected',
    'agent.disconnected',
  ]);
});

test('a key is good once, for its time, and its secret is kept nowhere', async () => {
  const key = await keyFor();
  const secret = key.split('.')[1]!;
  const stored = await query<Record<string, unknown>>('select * from enrolment_keys');
  expect(JSON.stringify(stored)).not.toContain(secret);
  expect(house.logged()).not.toContain(secret);

  await enrolled(key);
  await expect(enrolled(key)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });

  const late = await keyFor(newName(), { ttl_seconds: 60 });
  await query(
    `update enrolment_keys set created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour' where used_at is null`,
  );
  await expect(enrolled(late)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('two agents that show one key at once are not both let in', async () => {
  const key = await keyFor();

  const results = await Promise.allSettled([enrolled(key), enrolled(key), enrolled(key)]);

  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a name is taken until its agent is revoked', async () => {
  const name = newName();
  const { agentId } = await enrolled(await keyFor(name));

  await admin.post('/v1/agents/enrolment-keys', { name }).expect(409);
  await admin.delete(`/v1/agents/${agentId}`).expect(204);
  await admin.post('/v1/agents/enrolment-keys', { name }).expect(201);
});

test('only administrators enrol and revoke; auditors look', async () => {
  const [auditor, user] = [await house.as(['auditor']), await house.as(['user'])];

  await auditor.get('/v1/agents').expect(200);
  await user.get('/v1/agents').expect(403);
  for (const person of [auditor, user]) {
    await person.post('/v1/agents/enrolment-keys', { name: newName() }).expect(403);
    await person.delete(`/v1/agents/${randomUUID()}`).expect(403);
  }
  await admin.delete(`/v1/agents/${randomUUID()}`).expect(404);
  await admin.post('/v1/agents/enrolment-keys', { name: 'Not A Name' }).expect(400);
});

test('the authority’s key is not readable in the database, and both replicas have the same authority', async () => {
  const [row] = await query<{ certificate: string; sealed_key: Buffer }>(
    'select certificate, sealed_key from certificate_authority',
  );
  expect(row!.sealed_key.toString('latin1')).not.toContain('PRIVATE KEY');

  const other = await house.replica();

  expect(await other.app.get(CertificateAuthority).certificate()).toBe(row!.certificate);
  expect(await query('select 1 from certificate_authority')).toHaveLength(1);
});

test('an agent revoked on one replica is put out of the other within two seconds, for good', async () => {
  const other = await house.replica();
  const agent = await enrolled(await keyFor());
  const link = linkTo(house.controlPlane, agent, {
    targets: [{ alias: 'doomed', protocol: 'postgres', databases: ['orders'] }],
  });
  await until(() => link.isConnected);
  const channel = await tunnelOf(house.controlPlane).open(
    { session: randomUUID() as SessionId, target: 'doomed', protocol: 'postgres', head: Buffer.from('{}') },
    { timeoutMs: 5_000 },
  );
  const reading = channel.frames[Symbol.asyncIterator]().next();
  reading.catch(() => undefined);

  await sessionWith(other.url, admin.token).delete(`/v1/agents/${agent.agentId}`).expect(204);

  const inTime = AbortSignal.timeout(2_000);
  await expect(
    Promise.race([reading, new Promise((resolve) => inTime.addEventListener('abort', () => resolve('too late')))]),
  ).rejects.toMatchObject({ code: 'AGENT_LOST' });
  expect(await link.finished).toMatchObject({ code: 'FORBIDDEN' });
  expect(await linkTo(other, agent).finished).toMatchObject({ code: 'FORBIDDEN' });
  expect(await listed(agent.agentId)).toMatchObject({ state: 'revoked', connected: false });
  await expect(query('update agents set revoked_at = null where id = $1', [agent.agentId])).rejects.toThrow(
    'a revocation is final',
  );
});

test('a certificate that the authority signed and nobody enrolled opens nothing', async () => {
  const authority = house.controlPlane.app.get(CertificateAuthority);
  const { csr, privateKey } = await createAgentRequest();
  const { certificate } = await authority.agentCertificate(csr, randomUUID() as AgentId);

  const link = linkTo(house.controlPlane, { identity: { certificate, privateKey, ca: await authority.certificate() } });

  expect(await link.finished).toMatchObject({ code: 'FORBIDDEN' });
});

test('an agent that describes SQL by another version is told to be updated', async () => {
  const log: string[] = [];
  linkTo(house.controlPlane, await enrolled(await keyFor()), { sqlVersion: '9.9.9' }, log);

  await until(() => log.length > 0);
  expect(log[0]).toContain('the agent describes SQL by version "9.9.9"');
});

test('a renewed certificate is on record, and the old one stays good until it expires', async () => {
  const agent = await enrolled(await keyFor());
  const { AgentsService } = await import('./agents.service.js');
  const agents = house.controlPlane.app.get(AgentsService);
  const { csr } = await createAgentRequest();

  await agents.renew(agent.agentId, csr);

  const serials = await query<{ serial: string }>('select serial from agent_certificates where agent_id = $1', [
    agent.agentId,
  ]);
  expect(serials).toHaveLength(2);
  for (const { serial } of serials) await expect(agents.authorize(agent.agentId, serial)).resolves.toBeUndefined();
  await expect(agents.authorize(agent.agentId, 'ffff')).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('a witness key that is none is refused, and the enrolment key stays good', async () => {
  const key = await keyFor();
  const address = `localhost:${tunnelOf(house.controlPlane).enrolmentPort}`;
  const logKey = formatVerifierKey(generateNoteKey('log.example.com', keyTypes.ed25519).signer.key);

  for (const witnessKey of ['nonsense', logKey]) {
    await expect(enrol({ address, key, witnessKey, version: '0.1.0' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  }
  await expect(enrolled(key)).resolves.toBeDefined();
});
