/** What was decided about the calls of one answer: once for each, however often it appears. */
import type { AnswerTexts } from '../line/answer-texts.js';
import type { ResponseMasking, ToolCall } from '../types.js';

export interface Decision {
  readonly call: ToolCall;
  /** What stands in the place of the call; absent where it is allowed. */
  readonly denial?: string;
}

export class Decisions {
  readonly #made = new Map<string, Decision>();
  #asking = 0;

  constructor(
    private readonly masking: Pick<ResponseMasking, 'decide' | 'request'>,
    readonly texts: AnswerTexts,
  ) {}

  /** Somebody is asked, and the answer waits. */
  get isAsking(): boolean {
    return this.#asking > 0;
  }

  find(identity: string): Decision | undefined {
    return this.#made.get(identity);
  }

  /** @param call makes the call as it is shown, asked only where nothing is decided */
  async about(
    identity: string,
    call: (texts: AnswerTexts, request: ResponseMasking['request']) => ToolCall,
  ): Promise<Decision> {
    const made = this.#made.get(identity);
    if (made !== undefined) return made;
    const shown = call(this.texts, this.masking.request);
    this.#asking += 1;
    const verdict = await this.masking.decide(shown).finally(() => {
      this.#asking -= 1;
    });
    // What the provider runs has run: it was told, and no more can be done about it.
    const isDenied = verdict.outcome === 'deny' && !shown.byProvider;
    const decision = isDenied ? { call: shown, denial: verdict.text } : { call: shown };
    this.#made.set(identity, decision);
    return decision;
  }
}
