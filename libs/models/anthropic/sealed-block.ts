/**
 * Thoughts, their signatures, and summaries that the provider wants back. They pass as they are: the request held no
 * value that the rules name, so that none can come back in them, and a thought with a byte changed is refused later.
 */
import { notUnderstood } from './answer-state.js';
import type { Block } from './blocks.js';
import { typeIn } from './body.js';
import type { ModelEvent } from './model-event.js';

export class SealedBlock<Out> implements Block<Out> {
  readonly holds = false;

  constructor(private readonly start: ModelEvent<Out>) {}

  begin(): Out[] {
    return [this.start.edited([])];
  }

  delta(event: ModelEvent<Out>): Out[] {
    const type = typeIn(event.part('delta'));
    if (type === 'text_delta' || type === 'input_json_delta')
      throw notUnderstood(`a block of thoughts goes on with "${type}"`);
    return [event.edited([])];
  }

  async stop(event: ModelEvent<Out>): Promise<Out[]> {
    return [event.edited([])];
  }
}
