/** Messages of an event stream as the frames that libs/models reads, and back. */
import { type EventHeaderValue, type EventMessage, EventStreamDecoder, encodeEvent } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { EventFrame, MaskedFrames } from '@sallyport/models';

type Body = AsyncIterable<Uint8Array>;

/** Of a message that has none: an error says everything in its headers. */
const nothingSaid = Buffer.from('{}');

/** Masks what is said in the events of an answer; the bytes that come out are an event stream again. */
export function throughFrames(
  body: Body,
  mask: (frames: AsyncIterable<EventFrame>) => MaskedFrames,
): { readonly masked: MaskedFrames; readonly body: Body } {
  const originals = new WeakMap<EventFrame, EventMessage>();
  const masked = mask(framesIn(body, originals));
  async function* written(): AsyncGenerator<Uint8Array> {
    for await (const frame of masked.frames) yield encodeEvent(originals.get(frame) ?? messageOf(frame));
  }
  return { masked, body: written() };
}

async function* framesIn(body: Body, originals: WeakMap<EventFrame, EventMessage>): AsyncGenerator<EventFrame> {
  const decoder = new EventStreamDecoder();
  for await (const piece of body)
    for (const message of understood(() => decoder.push(piece))) {
      const frame = frameOf(message);
      originals.set(frame, message);
      yield frame;
    }
  understood(() => decoder.finish());
}

const said = ({ headers }: EventMessage, name: string): string => {
  const header = headers.get(name);
  return header?.type === 'string' ? header.value : '';
};

function frameOf(message: EventMessage): EventFrame {
  const kind = said(message, ':message-type');
  // What comes in pieces may share its bytes with the next piece, and a frame can wait for long.
  const payload = message.payload.length === 0 ? nothingSaid : Uint8Array.from(message.payload);
  if (kind === 'event') return { type: said(message, ':event-type'), payload };
  const type = said(message, ':exception-type') || said(message, ':error-code') || 'error';
  return { type, isException: true, payload };
}

/** Of a frame that was changed, or that nobody sent but the gateway. */
function messageOf({ type, isException, payload }: EventFrame): EventMessage {
  const text = (value: string): EventHeaderValue => ({ type: 'string', value });
  const kind = isException === true ? 'exception' : 'event';
  return {
    headers: new Map([
      [`:${kind}-type`, text(type)],
      [':content-type', text('application/json')],
      [':message-type', text(kind)],
    ]),
    payload,
  };
}

const understood = <T>(step: () => T): T => {
  try {
    return step();
  } catch (error) {
    if (error instanceof GatewayError && error.code !== 'RESPONSE_NOT_UNDERSTOOD')
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the events of an answer are broken', { cause: error });
    throw error;
  }
};
