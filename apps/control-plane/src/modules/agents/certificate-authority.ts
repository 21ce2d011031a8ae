import { Injectable } from '@nestjs/common';
import { type AgentId, GatewayError } from '@sallyport/core';
import {
  createAuthority,
  fingerprint,
  type IssuedCertificate,
  issueAgentCertificate,
  issueServerCertificate,
  type KeyPair,
} from '@sallyport/tunnel';
import { DataSource } from 'typeorm';
import { Clock, MasterKey, Random, rowOf, type Sql } from '../../platform/index.js';
import { openBytes, sealBytes } from '../evidence/sealed-bytes.js';

/** Any number that nobody else takes in this database. */
const creationLock = 7_402_911_005_311;
const sealedAs = 'certificate-authority';
const year = 365 * 24 * 60 * 60 * 1000;

interface AuthorityRow {
  readonly certificate: string;
  readonly sealed_key: Buffer;
}

/** PEM. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** Of the authority: what agents and clients trust. */
  readonly authority: string;
  readonly notAfter: Date;
}

/** The built-in authority: one for the installation, made by whichever replica comes first, its key under the master key. */
@Injectable()
export class CertificateAuthority {
  private readonly sealing: Uint8Array;
  private known: Promise<KeyPair> | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly clock: Clock,
    private readonly random: Random,
    master: MasterKey,
  ) {
    this.sealing = master.derive('agents/certificate-authority');
  }

  /** PEM. */
  async certificate(): Promise<string> {
    return (await this.authority()).certificate;
  }

  /** What an enrolment key carries, so that the agent knows whom it tells its secret. */
  async fingerprint(): Promise<string> {
    return fingerprint(await this.certificate());
  }

  /** @param names DNS names and IP addresses; each once */
  async serverCertificate(names: readonly string[], lifetimeMs = year): Promise<ServerCertificate> {
    const authority = await this.authority();
    const issued = await issueServerCertificate(authority, [...new Set(names)], { now: this.clock.now(), lifetimeMs });
    const { certificate, privateKey, notAfter } = issued;
    return { certificate, privateKey, authority: authority.certificate, notAfter };
  }

  /** @throws GatewayError INVALID_INPUT when the request is malformed */
  async agentCertificate(csr: string, agent: AgentId): Promise<IssuedCertificate> {
    return issueAgentCertificate(await this.authority(), csr, agent, { now: this.clock.now() });
  }

  private authority(): Promise<KeyPair> {
    this.known ??= this.load().catch((error: unknown) => {
      this.known = undefined; // the next one tries again
      throw error;
    });
    return this.known;
  }

  private async load(): Promise<KeyPair> {
    return this.open((await read(this.database)) ?? (await this.create()));
  }

  private open({ certificate, sealed_key }: AuthorityRow): KeyPair {
    try {
      return { certificate, privateKey: openBytes(this.sealing, sealedAs, sealed_key).toString() };
    } catch (cause) {
      throw new GatewayError('INVALID_INPUT', 'the authority’s key does not open with this master key', {
        cause,
        hint: 'SALLYPORT_MASTER_KEY_FILE must name the key that this installation was made with',
      });
    }
  }

  private create(): Promise<AuthorityRow> {
    return this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [creationLock]);
      const other = await read(tx);
      if (other !== undefined) return other; // another replica was first
      const { certificate, privateKey } = await createAuthority({ now: this.clock.now() });
      const sealed = sealBytes(this.sealing, sealedAs, Buffer.from(privateKey), (size) => this.random.bytes(size));
      await tx.query('insert into certificate_authority (certificate, sealed_key) values ($1, $2)', [
        certificate,
        sealed,
      ]);
      return { certificate, sealed_key: sealed };
    });
  }
}

const read = (sql: Sql): Promise<AuthorityRow | undefined> =>
  rowOf<AuthorityRow>(sql, 'select certificate, sealed_key from certificate_authority');
