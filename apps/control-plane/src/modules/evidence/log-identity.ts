import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import {
  type EventBody,
  type EventName,
  type FooterSigner,
  formatVerifierKey,
  generateNoteKey,
  type KeyRotated,
  keyTypes,
  logKeyId,
  type NewEntry,
  type NoteSigner,
  parseSecretKey,
  rotateKey,
  sealEntry,
  spkiOf,
} from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { Clock, Configuration, MasterKey, Notifications, Random, rowsOf, type Sql } from '../../platform/index.js';
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

/** Who changes the key of the log, and why. */
export type RotatedBy = Required<Pick<KeyRotated, 'by' | 'reason'>>;

// The newest log with the newest of its keys below a size: a key is in force from the entry on that tells of it.
const keyAtSql = `
  select l.id, l.origin, coalesce(k.verifier_key, l.verifier_key) as verifier_key,
    coalesce(k.wrapped_signing_key, l.wrapped_signing_key) as wrapped_signing_key
  from (select * from evidence_logs order by id desc limit 1) l
    left join lateral (
      select verifier_key, wrapped_signing_key from evidence_log_keys k
      where k.log = l.id and ($1::bigint is null or exists (
        select from evidence_entries e join evidence_sequence s on s.entry_id = e.id
        where e.event = 'key.rotated' and e.session is null and e.body_digest = k.body_digest and s.log = l.id and s.seq < $1))
      order by number desc limit 1
    ) k on true`;

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

  /**
   * The keys that sign a tree of this size: the old ones until the rotation is a leaf of it.
   * @param connection the leader's, where it signs
   */
  async keysAt(connection: Sql, size: number): Promise<LogKeys> {
    return this.keysOf((await this.read(connection, size)) ?? (await this.create()));
  }

  /** Every verifier key that a log has had, oldest first. */
  async verifierKeys(log: number): Promise<string[]> {
    const rows = await rowsOf<{ verifier_key: string }>(
      this.database,
      `select verifier_key from (
         select verifier_key, 1 as number from evidence_logs where id = $1
         union all select verifier_key, number from evidence_log_keys where log = $1
       ) keys order by number`,
      [log],
    );
    return rows.map(({ verifier_key }) => verifier_key);
  }

  /** Bodies of `key.rotated` below a size, oldest first: by them a witness learns the new key from the old one. */
  async rotations(log: number, size: number): Promise<string[]> {
    const rows = await rowsOf<{ rotation: string }>(
      this.database,
      `select k.rotation from evidence_log_keys k
         join evidence_entries e on e.event = 'key.rotated' and e.session is null and e.body_digest = k.body_digest
         join evidence_sequence s on s.entry_id = e.id and s.log = k.log
       where k.log = $1 and s.seq < $2 order by k.number`,
      [log, size],
    );
    return rows.map(({ rotation }) => rotation);
  }

  /**
   * Gives the log another key, in the caller's transaction; checkpoints are signed by it from the entry on that says so.
   * @returns the signed change; the caller forgets, and tells the other replicas
   */
  async rotate(tx: Sql, told: RotatedBy): Promise<KeyRotated> {
    await this.lock(tx);
    const current = this.keysOf((await this.read(tx))!);
    const { signer, secret } = generateNoteKey(current.origin, keyTypes.ed25519);
    const change = rotateKey(current.signer, signer);
    const row = rowOf(await this.sealed(current.origin, 'key.rotated', { ...change, ...told }));
    await tx.query(
      `insert into evidence_log_keys (log, number, verifier_key, wrapped_signing_key, rotation, body_digest)
       values ($1, (select coalesce(max(number), 1) + 1 from evidence_log_keys where log = $1), $2, $3, $4, $5)`,
      [current.id, change.new, this.wrap(current.origin, secret), JSON.stringify(change), row.bodyDigest],
    );
    await insertEntries((sql, parameters) => tx.query(sql, parameters), [row]);
    return change;
  }

  /** After a restore the log has another name, after a rotation another key: the next one who asks reads it. */
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
    return this.keysOf((await this.read(this.database)) ?? (await this.create()));
  }

  private keysOf(row: LogRow): LogKeys {
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

  private wrap(origin: string, secret: string): Buffer {
    return sealBytes(this.wrapping, origin, Buffer.from(secret), (size) => this.random.bytes(size));
  }

  private async read(connection: Sql, size: number | null = null): Promise<LogRow | undefined> {
    const [row] = await connection.query<LogRow[]>(keyAtSql, [size]);
    return row;
  }

  private async create(): Promise<LogRow> {
    await this.database.transaction(async (tx) => {
      await this.lock(tx);
      const logs = await tx.query<unknown[]>('select id from evidence_logs limit 1');
      if (logs.length === 0) await this.begin(tx, 1); // else another replica was first
    });
    const row = await this.read(this.database);
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
    const name = this.configuration.evidence.origin;
    const origin = id === 1 ? name : `${name}/${id}`;
    const { signer, secret } = generateNoteKey(origin, keyTypes.ed25519);
    const verifierKey = formatVerifierKey(signer.key);
    await tx.query(
      'insert into evidence_logs (id, origin, verifier_key, wrapped_signing_key) values ($1, $2, $3, $4)',
      [id, origin, verifierKey, this.wrap(origin, secret)],
    );
    const append: NewLog['append'] = async (event, body) => {
      const row = rowOf(await this.sealed(origin, event, body));
      await insertEntries((sql, parameters) => tx.query(sql, parameters), [row]);
    };
    await append('log.created', { origin, key: verifierKey });
    return { origin, append };
  }

  /** Under the log's own key, in a log that need not be the current one. */
  private async sealed<E extends EventName>(log: string, event: E, body: EventBody<E>): Promise<NewEntry> {
    const key = await this.keys.obtain(logKeyId);
    if (key === undefined) throw new GatewayError('EVIDENCE_INCONSISTENT', 'the key of the log has been destroyed');
    return sealEntry({
      log,
      event,
      at: this.clock.now(),
      body,
      key,
      random: (size) => this.random.bytes(size),
    });
  }
}
