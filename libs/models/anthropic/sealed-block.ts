/**
 * Thoughts, their signatures, and summaries that the provider wants back. They pass as they are: the request held no
 * value that the rules name, so that none can come back in them, and a thought with a byte changed is refused later.
 */
import { notUnderstood } from './answer-state.js';
import type { Block } from './blocks.js';
import { typeIn } from './body.js';
import type { ModelEvent } from './model-event.js';

export class SealedBlock implements Block {
  readonly holds = false;

  constructor(private readonly start: ModelEvent) {}

  begin(): Uint8Array[] {
    return [this.start.bytes];
  }

  delta(event: ModelEvent): Uint8Array[] {
    const type = typeIn(event.part('delta'));
    if (type === 'text_delta' || type === 'input_json_delta')
      throw notUnderstood(`a block of thoughts goes on with "${type}"`);
    return [event.bytes];
  }

  async stop(event: ModelEvent): Promise<Uint8Array[]> {
    return [event.bytes];
  }
}
