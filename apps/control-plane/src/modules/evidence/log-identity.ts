import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import {
  type EventBody,
  type EventName,
  type FooterSigner,
  formatVerifierKey,
  generateNoteKey,
  keyTypes,
  logKeyId,
  type NoteSigner,
  parseSecretKey,
  sealEntry,
  spkiOf,
} from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { Clock, Configuration, MasterKey, Notifications, Random, type Sql } from '../../platform/index.js';
import { insertEntries, rowOf } from './entry-rows.js';
import { openBytes, sealBytes } from './sealed-bytes.js';
import { SessionKeys } from './session-keys.js';

export interface LogKeys {
  readonly id: number;
  readonly origin: string;
  /** The C2SP verifier key that auditors and agents pin. */
  readonly verifierKey: string;
  readonly signer: NoteSigner;
}

/** A log that is being begun: what its first entries are appended with. */
export interface NewLog {
  readonly origin: string;
  append<E extends EventName>(event: E, body: EventBody<E>): Promise<void>;
}

interface LogRow {
  readonly id: number;
  readonly origin: string;
  readonly verifier_key: string;
  readonly wrapped_signing_key: Buffer;
}

export const logChangedChannel = 'evidence_log_changed';

/** Any number that nobody else takes in this database. */
const beginLock = 7_402_911_005_207;

/** The log's name and signing key; both are made once, by whichever replica comes first, with the log's first entry. */
@Injectable()
export class LogIdentity {
  private known: Promise<LogKeys> | undefined;
  private readonly wrapping: Uint8Array;

  constructor(
    private readonly database: DataSource,
    private readonly configuration: Configuration,
    private readonly keys: SessionKeys,
    private readonly clock: Clock,
    private readonly random: Random,
    notifications: Notifications,
    master: MasterKey,
  ) {
    notifications.subscribe(
      logChangedChannel,
      () => this.forget(),
      () => this.forget(),
    );
    this.wrapping = master.derive('evidence/log-key');
  }

  async origin(): Promise<string> {
    return (await this.logKeys()).origin;
  }

  logKeys(): Promise<LogKeys> {
    this.known ??= this.load().catch((error: unknown) => {
      this.known = undefined; // the next one tries again
      throw error;
    });
    return this.known;
  }

  /** After a restore the log has another name: the next one who asks reads it. */
  forget(): void {
    this.known = undefined;
  }

  /** The control plane's signature under recordings: the log's own key. */
  async footerSigner(): Promise<FooterSigner> {
    const { signer } = await this.logKeys();
    return {
      key: createHash('sha256').update(spkiOf(signer.key)).digest('hex') as FooterSigner['key'],
      sign: (message) => signer.sign(message),
    };
  }

  private async load(): Promise<LogKeys> {
    const row = (await this.read()) ?? (await this.create());
    const secret = this.unwrap(row);
    return { id: row.id, origin: row.origin, verifierKey: row.verifier_key, signer: parseSecretKey(secret) };
  }

  private unwrap({ origin, wrapped_signing_key }: LogRow): string {
    try {
      return openBytes(this.wrapping, origin, wrapped_signing_key).toString();
    } catch (cause) {
      throw new GatewayError(
        'EVIDENCE_INCONSISTENT',
        `the signing key of log "${origin}" does not open with this master key`,
        {
          cause,
          hint: 'SALLYPORT_MASTER_KEY_FILE must name the key that this installation was made with',
        },
      );
    }
  }

  private async read(): Promise<LogRow | undefined> {
    const rows = await this.database.query<LogRow[]>(
      'select id, origin, verifier_key, wrapped_signing_key from evidence_logs order by id desc limit 1',
    );
    return rows[0];
  }

  private async create(): Promise<LogRow> {
    await this.database.transaction(async (tx) => {
      await this.lock(tx);
      const logs = await tx.query<unknown[]>('select id from evidence_logs limit 1');
      if (logs.length === 0) await this.begin(tx, 1); // else another replica was first
    });
    const row = await this.read();
    if (row === undefined) throw new GatewayError('EVIDENCE_INCONSISTENT', 'the log could not be made');
    return row;
  }

  /** Until the end of the transaction nobody else begins a log. */
  async lock(tx: Sql): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [beginLock]);
  }

  /**
   * Begins log number `id` in the caller's transaction, which holds the lock.
   * INVARIANT: `log.created` commits together with the name that every other entry needs first, so it is sequenced first.
   */
  async begin(tx: Sql, id: number): Promise<NewLog> {
    const key = await this.keys.obtain(logKeyId);
    if (key === undefined) throw new GatewayError('EVIDENCE_INCONSISTENT', 'the key of the log has been destroyed');
    const name = this.configuration.evidence.origin;
    const origin = id === 1 ? name : `${name}/${id}`;
    const random = (size: number) => this.random.bytes(size);
    const { signer, secret } = generateNoteKey(origin, keyTypes.ed25519);
    const verifierKey = formatVerifierKey(signer.key);
    await tx.query(
      'insert into evidence_logs (id, origin, verifier_key, wrapped_signing_key) values ($1, $2, $3, $4)',
      [id, origin, verifierKey, sealBytes(this.wrapping, origin, Buffer.from(secret), random)],
    );
    const append: NewLog['append'] = async (event, body) => {
      const entry = sealEntry({ log: origin, event, at: this.clock.now(), body, key, random });
      await insertEntries((sql, parameters) => tx.query(sql, parameters), [rowOf(entry)]);
    };
    await append('log.created', { origin, key: verifierKey });
    return { origin, append };
  }
}
