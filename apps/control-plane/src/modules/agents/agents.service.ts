import { Injectable } from '@nestjs/common';
import { type AgentId, GatewayError, type Identity } from '@sallyport/core';
import type { Hello } from '@sallyport/tunnel';
import { DataSource } from 'typeorm';
import {
  afterOf,
  Clock,
  idCursor,
  Notifications,
  type Page,
  type PageQuery,
  pageOf,
  rowOf,
  rowsOf,
  type Sql,
} from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { LogHealth } from '../evidence/log-health.js';
import type { NewLog } from '../evidence/log-identity.js';
import { actorOf } from '../people/actor.js';
import { type Agent, type AgentView, viewOf } from './agent.js';
import { CertificateAuthority } from './certificate-authority.js';
import { keepCertificate, publicKeyOf } from './enrolment-keys.js';
import { SelfChecks } from './self-checks.js';

/** Carries `{ agent }`. */
export const revokedChannel = 'agent_revoked';

/** A replica says this often that an agent is linked to it … */
export const linkBeatMs = 10_000;
/** … and is believed for this long. */
const linkBelievedMs = 3 * linkBeatMs;

/** The agents that were enrolled, and what may still be done in their names. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly database: DataSource,
    private readonly authority: CertificateAuthority,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
    private readonly selfChecks: SelfChecks,
    health: LogHealth,
  ) {
    health.carryOver((tx, log) => this.tellAgain(tx, log));
  }

  async list(query: PageQuery): Promise<Page<AgentView>> {
    const rows = await rowsOf<Agent>(
      this.database,
      'select * from agents where ($1::uuid is null or id > $1) order by id limit $2',
      [idCursor(afterOf(query)), query.limit + 1],
    );
    const now = this.clock.now();
    return pageOf(
      rows,
      query,
      ({ id }) => id,
      (row) => viewOf(row, now),
    );
  }

  /** Final: the agent is out on every replica at once, and comes back only by a new key, as another one. */
  async revoke(by: Identity, id: AgentId): Promise<void> {
    await this.database.transaction(async (tx) => {
      const agent = await rowOf<Agent>(tx, 'select * from agents where id = $1 for update', [id]);
      if (agent === undefined) throw new GatewayError('NOT_FOUND', 'there is no such agent');
      if (agent.revoked_at !== null) return;
      const now = this.clock.now();
      await tx.query('update agents set revoked_at = $2, linked_until = null where id = $1', [id, now]);
      await tx.query('update agent_certificates set revoked_at = $2 where agent_id = $1 and revoked_at is null', [
        id,
        now,
      ]);
      await this.evidence.append(tx, { event: 'agent.revoked', body: { id, name: agent.name, by: actorOf(by) } });
      await this.notifications.publish(tx, revokedChannel, { agent: id });
    });
  }

  /** @throws GatewayError FORBIDDEN unless the agent and this certificate of it are good */
  async authorize(id: AgentId, serial: string): Promise<void> {
    const good = await rowOf(
      this.database,
      `select 1 from agents a join agent_certificates c on c.agent_id = a.id
        where a.id = $1 and c.serial = $2 and a.revoked_at is null and c.revoked_at is null and c.not_after > $3`,
      [id, serial, this.clock.now()],
    );
    if (good === undefined)
      throw new GatewayError('FORBIDDEN', 'this agent was revoked, or is not of this installation', {
        hint: 'enrol it again with a new key',
      });
  }

  /** Of the given agents, those that are no longer good. */
  async revokedAmong(ids: readonly AgentId[]): Promise<AgentId[]> {
    const good = await rowsOf<{ id: AgentId }>(
      this.database,
      'select id from agents where id = any ($1) and revoked_at is null',
      [ids],
    );
    const known = new Set(good.map(({ id }) => id));
    return ids.filter((id) => !known.has(id));
  }

  /** An agent is linked: on record before it can serve. @returns its row */
  async linked(id: AgentId, { agentVersion, targets }: Hello): Promise<Agent> {
    const version = agentVersion.slice(0, 100);
    return this.database.transaction(async (tx) => {
      const offers = targets.map(({ alias, protocol, databases }) => ({ alias, protocol, databases }));
      const agent = await rowOf<Agent>(
        tx,
        'update agents set version = $2, targets = $3, last_seen_at = $4, linked_until = $5 where id = $1 and revoked_at is null returning *',
        [id, version, JSON.stringify(offers), this.clock.now(), this.believedUntil()],
      );
      if (agent === undefined) throw new GatewayError('FORBIDDEN', 'this agent was revoked');
      await this.selfChecks.forget(tx, id);
      await this.evidence.append(tx, { event: 'agent.connected', body: { agent: id, name: agent.name, version } });
      return agent;
    });
  }

  async stillLinked(ids: readonly AgentId[]): Promise<void> {
    if (ids.length === 0) return;
    await this.database.query(
      'update agents set last_seen_at = $2, linked_until = $3 where id = any ($1) and revoked_at is null',
      [ids, this.clock.now(), this.believedUntil()],
    );
  }

  async gone(id: AgentId): Promise<void> {
    await this.database.transaction(async (tx) => {
      const agent = await rowOf<Agent>(
        tx,
        'update agents set last_seen_at = $2, linked_until = null where id = $1 returning *',
        [id, this.clock.now()],
      );
      if (agent === undefined) return;
      await this.evidence.append(tx, { event: 'agent.disconnected', body: { agent: id, name: agent.name } });
    });
  }

  /** @returns the new certificate, PEM; the old one stays good until it expires, so that nothing is interrupted */
  async renew(id: AgentId, csr: string): Promise<string> {
    const issued = await this.authority.agentCertificate(csr, id);
    await this.database.transaction(async (tx) => {
      const agent = await rowOf(tx, 'select 1 from agents where id = $1 and revoked_at is null for share', [id]);
      if (agent === undefined) throw new GatewayError('FORBIDDEN', 'this agent was revoked');
      await keepCertificate(tx, id, issued, this.clock.now());
      const body = { agent: id, publicKey: publicKeyOf(issued), certificateSerial: issued.serial };
      await this.evidence.append(tx, { event: 'agent.renewed', body });
    });
    return issued.certificate;
  }

  /** The keys by which agents sign recordings, in a log that begins after a restore. */
  private async tellAgain(tx: Sql, log: NewLog): Promise<void> {
    const rows = await rowsOf<Agent & { serial: string; public_key: Buffer }>(
      tx,
      `select a.*, c.serial, c.public_key from agents a join agent_certificates c on c.agent_id = a.id
       where a.revoked_at is null and c.revoked_at is null and c.not_after > $1 and c.public_key is not null
       order by a.id, c.issued_at`,
      [this.clock.now()],
    );
    for (const { id, name, version, witness_key: witnessKey, serial, public_key } of rows) {
      const publicKey = public_key.toString('base64');
      const body = { agent: id, name, version, publicKey, certificateSerial: serial, witnessKey };
      await log.append('agent.enrolled', body);
    }
  }

  private believedUntil(): Date {
    return new Date(this.clock.now().getTime() + linkBelievedMs);
  }
}
