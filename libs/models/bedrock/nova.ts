/** Amazon Nova within InvokeModel: the blocks and events of Converse, in documents of its own. */
import { type JsonNode, member, parseJson } from '../json-spans.js';
import { notUnderstood } from '../openai/received.js';
import type { ModelApi, ResponseMasking } from '../types.js';
import { chunkOf, documentIn, isChunk } from './chunks.js';
import { bedrockConverse, maskConverseFrames } from './converse.js';
import type { BedrockTarget, EventFrame, MaskedFrames } from './frames.js';

export const bedrockNova = (target: BedrockTarget): ModelApi => {
  const converse = bedrockConverse(target);
  return {
    ...converse,
    name: 'bedrock.invoke',
    describe: (body) => ({ ...converse.describe(body), api: 'bedrock.invoke' }),
  };
};

/** The frames that events of Converse came in. */
type Originals = WeakMap<EventFrame, EventFrame>;

const events = [
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
];
/** Clients look for the events that they know. */
const ping = chunkOf(Buffer.from('{"ping":{}}'));

export const maskNovaFrames = (frames: AsyncIterable<EventFrame>, masking: ResponseMasking): MaskedFrames => {
  const originals: Originals = new WeakMap();
  const masked = maskConverseFrames(unwrapped(frames, originals), masking);
  return {
    frames: wrapped(masked.frames, originals),
    get answer() {
      return masked.answer;
    },
  };
};

async function* unwrapped(frames: AsyncIterable<EventFrame>, originals: Originals): AsyncGenerator<EventFrame> {
  for await (const original of frames) {
    if (!isChunk(original)) {
      yield original;
      continue;
    }
    const document = documentIn(original);
    const whole = parseJson(document, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'an event of the answer' });
    const types = events.filter((type) => member(whole, type) !== undefined);
    const [type] = types;
    const node = type === undefined ? undefined : member(whole, type);
    if (type === undefined || node === undefined || types.length > 1 || !isAlone(whole))
      throw notUnderstood('a piece of the answer is no event of Nova');
    const frame: EventFrame = { type, payload: document.subarray(node.start, node.end) };
    originals.set(frame, original);
    yield frame;
  }
}

/** Beside an event stand Bedrock's own counts at most, which are numbers. */
const isAlone = (whole: JsonNode): boolean =>
  whole.kind === 'object' &&
  [...whole.members.keys()].every((name) => events.includes(name) || name === 'amazon-bedrock-invocationMetrics');

async function* wrapped(frames: AsyncIterable<EventFrame>, originals: Originals): AsyncGenerator<EventFrame> {
  for await (const frame of frames) {
    const original = originals.get(frame);
    if (original !== undefined) yield original;
    else if (frame.type === 'ping') yield ping;
    else if (!events.includes(frame.type) || frame.isException === true) yield frame;
    else yield chunkOf(Buffer.from(`{${JSON.stringify(frame.type)}:${Buffer.from(frame.payload).toString()}}`));
  }
}
