import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GatewayError, type PersonId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { type Authentication, Clock, Ids, Random, rowOf } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { GrantsService, type LiveGrant } from '../grants/grants.service.js';
import { actorOf } from '../people/actor.js';

const prefix = 'spw_';
const shape = /^spw_[A-Za-z0-9_-]{43}$/;

export const looksLikeWitnessToken = (text: string): boolean => text.startsWith(prefix);

/** All that is kept of one. Its 256 bits are random, so a plain digest cannot be searched. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export interface IssuedWitnessToken {
  readonly token: string;
  readonly expires_at: string;
}

interface TokenRow {
  readonly person_id: PersonId;
  readonly grant_id: string;
  readonly expires_at: Date;
}

/**
 * Tokens by which a client tells what its AI does. They lie where the AI can read them, so they open nothing else: whoever
 * holds one can at worst tell something untrue about the AI of the same person.
 */
@Injectable()
export class WitnessTokens {
  constructor(
    private readonly database: DataSource,
    private readonly grants: GrantsService,
    private readonly evidence: EvidenceWriter,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly random: Random,
  ) {}

  /** Expires with the login that it is issued to. */
  async issue({ identity, grantId, expiresAt }: Authentication, client?: string): Promise<IssuedWitnessToken> {
    const id = this.ids.next<string>();
    const token = `${prefix}${Buffer.from(this.random.bytes(32)).toString('base64url')}`;
    const expires_at = expiresAt.toISOString();
    await this.database.transaction(async (tx) => {
      await tx.query(
        `insert into witness_tokens (id, secret_hash, person_id, grant_id, client, issued_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [id, hashOf(token), identity.id, grantId, client ?? null, this.clock.now(), expiresAt],
      );
      await this.evidence.append(tx, {
        event: 'witness-token.issued',
        body: {
          token: id,
          identity: actorOf(identity),
          ...(client === undefined ? {} : { client }),
          expiresAt: expires_at,
        },
      });
    });
    return { token, expires_at };
  }

  /** @throws GatewayError UNAUTHENTICATED, GRANT_ENDED */
  async redeem(token: string): Promise<LiveGrant> {
    const row = shape.test(token)
      ? await rowOf<TokenRow>(
          this.database,
          'select person_id, grant_id, expires_at from witness_tokens where secret_hash = $1',
          [hashOf(token)],
        )
      : undefined;
    if (row === undefined || row.expires_at <= this.clock.now())
      throw new GatewayError('UNAUTHENTICATED', 'the witness token is not valid', {
        hint: 'get a new one: "sallyport setup"',
      });
    return this.grants.check(row.grant_id, this.database, row.person_id);
  }
}
