/** The events of an AWS event stream, as far as model traffic is about them; framing them is the AWS protocol's own. */
import type { ModelAnswer } from '../types.js';

export interface EventFrame {
  /** `:event-type`; of an exception `:exception-type`. */
  readonly type: string;
  readonly isException?: boolean;
  /** JSON. */
  readonly payload: Uint8Array;
}

export interface MaskedFrames {
  /**
   * Pulled. A frame that is not changed is the very object that came, so that it can be passed on as it was. Ends early with
   * a GatewayError, as the body of a `MaskedAnswer` does.
   */
  readonly frames: AsyncIterable<EventFrame>;
  readonly answer: ModelAnswer;
}

/** What the path of a request says: Bedrock's bodies name no model, and do not say whether they want a stream. */
export interface BedrockTarget {
  readonly model: string;
  readonly stream: boolean;
}
