import { GatewayError, type MaskingPlan, type MaskingRule } from '@sallyport/core';
import { type Channel, type Frame, FrameKind } from '@sallyport/engine';
import { parseRules, planOf, strictest } from '@sallyport/masking';

/**
 * A channel through which the control plane can only narrow, whatever the protocol behind it does: each masking plan is
 * joined with the agent's own minimum, and nothing is forwarded before there is one.
 */
export const narrowed = (channel: Channel, minimum: readonly MaskingRule[]): Channel => ({
  write: (frame) => channel.write(frame),
  drained: () => channel.drained(),
  end: () => channel.end(),
  destroy: (error) => channel.destroy(error),
  frames: narrowedFrames(channel.frames, minimum),
  closed: channel.closed,
});

async function* narrowedFrames(frames: AsyncIterable<Frame>, minimum: readonly MaskingRule[]): AsyncGenerator<Frame> {
  let planned = false;
  for await (const frame of frames) {
    if (frame.kind === FrameKind.FORWARD && !planned) {
      throw new GatewayError('MASKING_UNAVAILABLE', 'there is no masking plan, so nothing is run');
    }
    planned ||= frame.kind === FrameKind.PLAN;
    yield frame.kind === FrameKind.PLAN
      ? { ...frame, body: Buffer.from(JSON.stringify(joined(frame.body, minimum))) }
      : frame;
  }
}

function joined(body: Uint8Array, minimum: readonly MaskingRule[]): MaskingPlan {
  try {
    const { rules } = JSON.parse(Buffer.from(body).toString('utf8')) as Partial<MaskingPlan>;
    return planOf(strictest(minimum, parseRules(rules)));
  } catch (cause) {
    throw new GatewayError('MASKING_UNAVAILABLE', 'the masking plan cannot be used, so nothing is run', {
      cause,
      hint: 'ask an administrator to look at the masking rules',
    });
  }
}
