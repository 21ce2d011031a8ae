/** One block of a streamed answer, from its start to its stop. */
import type { ModelEvent } from './model-event.js';

export interface Block {
  /** @returns what passes of its first event now */
  begin(): Uint8Array[];
  delta(event: ModelEvent): Uint8Array[];
  stop(event: ModelEvent): Promise<Uint8Array[]>;
  /** Something of it has come and not passed. */
  readonly holds: boolean;
}
