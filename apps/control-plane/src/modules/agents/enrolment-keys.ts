import { createHash, X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type AgentId, GatewayError, type Identity } from '@sallyport/core';
import { keyTypes, parseVerifierKey } from '@sallyport/evidence';
import { createEnrolmentKey, type Enrolment, formatEnrolmentKey, type IssuedCertificate } from '@sallyport/tunnel';
import { DataSource, QueryFailedError } from 'typeorm';
import { Clock, Ids, rowOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { LogIdentity } from '../evidence/log-identity.js';
import { actorOf } from '../people/actor.js';
import type { CreateEnrolmentKeyBody } from './agents.dto.js';
import { CertificateAuthority } from './certificate-authority.js';

const usualSeconds = 3600;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface IssuedKey {
  readonly id: string;
  readonly name: string;
  /** Shown once. */
  readonly key: string;
  readonly expires_at: string;
}

/** One-time keys by which agents come. What is kept of one is a hash of its secret: 256 random bits need no slow hash. */
@Injectable()
export class EnrolmentKeys {
  constructor(
    private readonly database: DataSource,
    private readonly authority: CertificateAuthority,
    private readonly evidence: EvidenceWriter,
    private readonly log: LogIdentity,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws GatewayError CONFLICT when an agent of this name is there and not revoked */
  async issue(by: Identity, { name, ttl_seconds = usualSeconds }: CreateEnrolmentKeyBody): Promise<IssuedKey> {
    const key = createEnrolmentKey(await this.authority.fingerprint());
    const now = this.clock.now();
    const expires = new Date(now.getTime() + ttl_seconds * 1000);
    await this.database.transaction(async (tx) => {
      await refuseTaken(tx, name);
      await tx.query(
        'insert into enrolment_keys (id, secret_hash, name, created_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
        [key.id, sha256(key.secret), name, by.id, now, expires],
      );
      const body = { id: key.id, name, by: actorOf(by), after: { expires_at: expires.toISOString() } };
      await this.evidence.append(tx, { event: 'enrolment-key.issued', body });
    });
    return { id: key.id, name, key: formatEnrolmentKey(key), expires_at: expires.toISOString() };
  }

  /**
   * Consumes a key. Whatever is wrong with it, the answer is the same.
   * @throws GatewayError UNAUTHENTICATED; INVALID_INPUT or CONFLICT for the rest of the request, and the key stays good
   */
  async enrol(request: Enrolment): Promise<{ agentId: AgentId; certificate: string; ca: string; logKey: string }> {
    checkWitnessKey(request.witnessKey);
    const ca = await this.authority.certificate();
    const { verifierKey: logKey } = await this.log.logKeys();
    return this.database.transaction(async (tx) => {
      const name = await this.nameOf(tx, request);
      const agentId = this.ids.next<AgentId>();
      const issued = await this.authority.agentCertificate(request.csr, agentId);
      await this.insert(tx, { agentId, name, request, issued });
      return { agentId, certificate: issued.certificate, ca, logKey };
    });
  }

  private async nameOf(tx: Sql, { keyId, secret }: Enrolment): Promise<string> {
    const row = await rowOf<{ name: string }>(
      tx,
      'select name from enrolment_keys where id = $1 and secret_hash = $2 and used_at is null and expires_at > $3 for update',
      [keyId, sha256(secret), this.clock.now()],
    );
    if (row !== undefined) return row.name;
    throw new GatewayError('UNAUTHENTICATED', 'this enrolment key is not valid', {
      hint: 'it was used, has expired, or was mistyped: make a new one with "sallyport agents enrol"',
    });
  }

  private async insert(tx: Sql, { agentId, name, request, issued }: Newcomer): Promise<void> {
    const now = this.clock.now();
    const { keyId, witnessKey } = request;
    const version = request.version.slice(0, 100);
    await unlessTaken(
      name,
      tx.query(
        'insert into agents (id, name, version, witness_key, enrolled_at, last_seen_at) values ($1, $2, $3, $4, $5, $5)',
        [agentId, name, version, witnessKey, now],
      ),
    );
    await keepCertificate(tx, agentId, issued, now);
    await tx.query('update enrolment_keys set used_at = $2, agent_id = $3 where id = $1', [keyId, now, agentId]);
    const body = {
      agent: agentId,
      name,
      version,
      publicKey: publicKeyOf(issued),
      certificateSerial: issued.serial,
      witnessKey,
    };
    await this.evidence.append(tx, { event: 'agent.enrolled', body });
  }
}

interface Newcomer {
  readonly agentId: AgentId;
  readonly name: string;
  readonly request: Enrolment;
  readonly issued: IssuedCertificate;
}

export const keepCertificate = (tx: Sql, agent: AgentId, issued: IssuedCertificate, now: Date): Promise<unknown> => {
  const key = Buffer.from(publicKeyOf(issued), 'base64');
  return tx.query(
    `insert into agent_certificates (serial, agent_id, not_after, issued_at, public_key, key_digest)
     values ($1, $2, $3, $4, $5, encode(sha256($5::bytea), 'hex'))`,
    [issued.serial, agent, issued.notAfter, now, key],
  );
};

/** DER SubjectPublicKeyInfo, base64. */
export const publicKeyOf = ({ certificate }: Pick<IssuedCertificate, 'certificate'>): string =>
  new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

function checkWitnessKey(text: string): void {
  if (parseVerifierKey(text).type !== keyTypes.cosignature)
    throw new GatewayError('INVALID_INPUT', 'the witness key is not one that cosigns');
}

const taken = (name: string, cause?: unknown): GatewayError =>
  new GatewayError('CONFLICT', `there is an agent "${name}" already`, {
    cause,
    hint: 'revoke it first, or choose another name',
  });

async function refuseTaken(tx: Sql, name: string): Promise<void> {
  if ((await rowOf(tx, 'select 1 from agents where name = $1 and revoked_at is null', [name])) !== undefined)
    throw taken(name);
}

async function unlessTaken(name: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { constraint } = (error instanceof QueryFailedError ? error.driverError : {}) as { constraint?: string };
    throw constraint === 'agents_name_key' ? taken(name, error) : error;
  }
}
