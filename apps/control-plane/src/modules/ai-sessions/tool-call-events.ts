import type { EvidenceEvent } from '../evidence/evidence-writer.js';
import type { ToolCallRow } from './ai-session-rows.js';
import { keptText } from './personal-texts.js';
import { namedIn, type Scene } from './scene.js';
import type { ToldCall } from './told-call.js';

interface Recorded {
  readonly row: ToolCallRow;
  readonly call: ToldCall;
  /** The sub-agent's path. */
  readonly agent?: string | undefined;
}

type ToolCallEvent = EvidenceEvent<'tool-call.proposed' | 'tool-call.asked' | 'tool-call.finished'>;

/** What goes on record of a call that a witness has told. */
export function toolCallEvent(scene: Scene, { row, call, agent }: Recorded): ToolCallEvent {
  const { telling } = call;
  const named = {
    ...namedIn(scene),
    toolCall: row.id,
    toolUse: row.tool_use_id,
    turn: row.turn_id,
    ...(row.agrees === null ? {} : { agrees: row.agrees }),
  };
  if (telling.event === 'finished') {
    const source = telling.marks === undefined ? ('model' as const) : ('hook' as const);
    return { event: 'tool-call.finished', body: { ...named, source, outcome: telling.outcome } };
  }
  const body = {
    ...named,
    name: call.name,
    ...(row.message_seq === null ? {} : { message: row.message_seq }),
    ...(agent === undefined ? {} : { agent }),
    ...inputOf(scene, call),
    digest: telling.marks.input.toString('hex'),
  };
  return telling.event === 'proposed'
    ? { event: 'tool-call.proposed', body: { ...body, modelOperation: telling.operation } }
    : { event: 'tool-call.asked', body: { ...body, ...(call.refusal === undefined ? {} : { refused: call.refusal }) } };
}

function inputOf({ personal }: Scene, { input }: ToldCall): { input?: string; inputBytes?: number } {
  if (input === undefined || personal.isErased) return {};
  const { text, bytes } = keptText(input.text);
  return { input: text, ...(bytes > Buffer.byteLength(text) ? { inputBytes: bytes } : {}) };
}
