import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type SessionId } from '@sallyport/core';
import { type BundleEntry, type BundleRecording, type EventBody, writeBundle } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { rowOf } from '../../platform/index.js';
import { Checkpoints, type SignedHead } from './checkpoints.js';
import { EvidenceWriter } from './evidence-writer.js';
import { type ExportRequest, isWhole, type Scope, selectionOf, wholeLog } from './export-selection.js';
import { LogIdentity } from './log-identity.js';
import { bodyFor, LogReader, type OpenedEntry } from './log-reader.js';
import { RecordingReader } from './recording-reader.js';
import { hashReader } from './tree-store.js';

/** Bundles that anybody can verify offline. Each export is itself on record before its first byte. */
@Injectable()
export class EvidenceExport {
  constructor(
    private readonly database: DataSource,
    private readonly checkpoints: Checkpoints,
    private readonly identity: LogIdentity,
    private readonly reader: LogReader,
    private readonly recordings: RecordingReader,
    private readonly evidence: EvidenceWriter,
  ) {}

  /**
   * @returns the bundle's lines; one that ends without its last record was cut off
   * @throws GatewayError NOT_FOUND for a session that is not on record, TOO_LARGE, TIMED_OUT
   */
  async open(request: ExportRequest, by: Identity): Promise<AsyncGenerator<string>> {
    if (request.session !== undefined) await this.require(request.session);
    const head = await this.checkpoints.fresh();
    const scope = isWhole(request)
      ? await wholeLog(this.reader, head)
      : await selectionOf(this.database, this.reader, head, request);
    await this.evidence.append(this.database, {
      event: 'evidence.exported',
      body: exportedBody(request, by, scope, head),
    });
    return this.lines(scope, head);
  }

  private async lines(scope: Scope, head: SignedHead): Promise<AsyncGenerator<string>> {
    const { origin } = await this.identity.logKeys();
    const logKeys = await this.identity.verifierKeys(head.log);
    const witnesses = await this.checkpoints.witnesses(head.log);
    return writeBundle({
      origin,
      kind: scope.kind,
      size: head.size,
      keys: [...logKeys, ...witnesses],
      ...(scope.sessions === undefined ? {} : { sessions: scope.sessions }),
      checkpoints: scope.kind === 'log' ? this.notes(head) : [head.note],
      entries: this.entries(scope),
      policies: this.policies(scope),
      recordings: this.chunks(scope),
      read: hashReader(this.database, head.log),
    });
  }

  private async *notes(head: SignedHead): AsyncGenerator<string> {
    for await (const { note } of this.checkpoints.upTo(head.log, head.size)) yield note;
  }

  private async *entries({ entries }: Scope): AsyncGenerator<BundleEntry> {
    for await (const { seq, entry, document, tampered } of this.reader.entries(entries)) {
      const { envelope, nonce, bodyDigest, sealed } = entry;
      // What does not open is handed over as it is stored: the verifier says what is wrong with it.
      const body = document === undefined ? (tampered === true ? { sealed } : {}) : { document };
      yield { entry: { seq, envelope, nonce, bodyDigest }, ...body };
    }
  }

  private async *policies({ versions }: Scope): AsyncGenerator<{ version: number; text: string }> {
    for (const version of [...versions].sort((a, b) => a - b)) {
      const row = await rowOf<{ text: string }>(this.database, 'select text from policy_versions where version = $1', [
        version,
      ]);
      if (row === undefined)
        throw new GatewayError(
          'EVIDENCE_INCONSISTENT',
          `policy version ${version} was activated, and its text is not kept`,
        );
      yield { version, text: row.text };
    }
  }

  private async *chunks({ entries, sessions }: Scope): AsyncGenerator<BundleRecording> {
    const completed = "e.event = 'operation.completed'";
    const selection =
      sessions === undefined
        ? { where: completed }
        : { where: `${completed} and e.session = any($4::uuid[])`, parameters: [sessions] };
    for await (const entry of this.reader.entries({ log: entries.log, size: entries.size, ...selection }))
      yield* this.recordingOf(entry);
  }

  private async *recordingOf(entry: OpenedEntry): AsyncGenerator<BundleRecording> {
    const footer = bodyFor(entry, 'operation.completed')?.recording?.footer;
    const { session, operation } = entry.entry.envelope;
    if (footer === undefined || session === undefined || operation === undefined) return;
    const recorded = { session, operation, keyId: entry.keyId };
    for await (const chunk of this.recordings.chunks(recorded, footer.chunks)) yield { session, operation, chunk };
  }

  private async require(session: SessionId): Promise<void> {
    const row = await rowOf(this.database, 'select id from evidence_entries where session = $1 limit 1', [session]);
    if (row === undefined) throw new GatewayError('NOT_FOUND', `there is no session "${session}" on record`);
  }
}

const exportedBody = (
  { from, to }: ExportRequest,
  by: Identity,
  { kind, sessions }: Scope,
  { size }: SignedHead,
): EventBody<'evidence.exported'> => ({
  by: { id: by.id, class: by.class, name: by.name },
  kind,
  size,
  ...(sessions === undefined ? {} : { sessions: sessions.slice(0, 1000) }),
  ...(from === undefined ? {} : { from: from.toISOString() }),
  ...(to === undefined ? {} : { to: to.toISOString() }),
});
