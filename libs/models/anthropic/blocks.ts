/** One block of a streamed answer, from its start to its stop. */
import type { ModelEvent } from './model-event.js';

export interface Block<Out> {
  /** @returns what passes of its first event now */
  begin(): Out[];
  delta(event: ModelEvent<Out>): Out[];
  stop(event: ModelEvent<Out>): Promise<Out[]>;
  /** Something of it has come and not passed. */
  readonly holds: boolean;
}
