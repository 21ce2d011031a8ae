import type { AiSessionNamed } from '@sallyport/evidence';
import type { EvidenceEvent } from '../evidence/evidence-writer.js';
import type { TurnMessageKind, TurnRow, WitnessSource } from './ai-session-rows.js';

/** A message as it is kept: `text` without secrets and cut where it is long, `bytes` and `hmac` of the whole. */
export interface NewMessage {
  readonly turn: Pick<TurnRow, 'id' | 'client_turn' | 'parent_turn_id'>;
  readonly seq: number;
  readonly kind: TurnMessageKind;
  readonly source: WitnessSource;
  readonly text: string;
  readonly bytes: number;
  readonly hmac: Buffer;
  readonly expands: number | null;
}

/** What goes on record of it. @param isErased the key of the person whom it is about has been destroyed */
export function promptedEvent(
  named: AiSessionNamed,
  { turn, seq, kind, source, text, bytes, hmac }: NewMessage,
  isErased: boolean,
): EvidenceEvent<'ai-turn.prompted'> {
  return {
    event: 'ai-turn.prompted',
    body: {
      ...named,
      turn: turn.id,
      clientTurn: turn.client_turn,
      ...(turn.parent_turn_id === null ? {} : { parent: turn.parent_turn_id }),
      message: seq,
      kind,
      source,
      ...(isErased ? {} : { text }),
      ...(bytes > Buffer.byteLength(text) ? { textBytes: bytes } : {}),
      digest: hmac.toString('hex'),
    },
  };
}
