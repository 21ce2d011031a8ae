/**
 * The API of a model to the target: a client that holds the key, masks what goes to the model and what comes back. Runs in
 * the agent. The control plane may only narrow: it names an alias of the agent's own file, one of the API's own paths, and
 * rules that are added.
 */
import { GatewayError, type ProtocolName, refusalOf } from '@sallyport/core';
import { type Channel, FrameKind, type Target, type TargetHost, type TargetSide } from '@sallyport/engine';
import { Calls, encodeJson } from '@sallyport/http';
import type { ModelApi } from '@sallyport/models';
import type { OpenedHead } from '../wire.js';
import { Call } from './call.js';
import { parseCallHead, parseOpenHead } from './call-head.js';
import { ModelTarget } from './model-target.js';
import { type ModelHome, parseModelSettings } from './settings.js';

const nothing = new Uint8Array(0);

export interface ModelTargetSideOptions {
  readonly name: ProtocolName;
  readonly home: ModelHome;
  readonly apis: readonly ModelApi[];
}

export function createModelTargetSide({ name, home, apis }: ModelTargetSideOptions): TargetSide {
  const targets = new WeakMap<Target, ModelTarget>();
  const byName = new Map(apis.map((api) => [api.name as string, api]));
  const targetOf = (host: TargetHost): ModelTarget => {
    const known = targets.get(host.target) ?? new ModelTarget(host, home);
    targets.set(host.target, known);
    return known;
  };
  return {
    name,
    configure: (settings) => void parseModelSettings(settings, home),
    serve: (channel, host) => serve(channel, host, targetOf, byName),
  };
}

async function serve(
  channel: Channel,
  host: TargetHost,
  targetOf: (host: TargetHost) => ModelTarget,
  apis: ReadonlyMap<string, ModelApi>,
): Promise<void> {
  const frames = channel.frames[Symbol.asyncIterator]();
  try {
    const open = await frames.next();
    if (open.done) return;
    if (open.value.kind !== FrameKind.OPEN)
      throw new GatewayError('PROTOCOL_VIOLATION', 'a session must begin with its opening');
    const { person } = parseOpenHead(open.value.head);
    const target = targetOf(host);
    const opened: OpenedHead = { upstream: target.settings.endpoint.host };
    channel.write({ kind: FrameKind.OPENED, exchange: 0, head: encodeJson(opened), body: nothing });
    const begin = (begun: ConstructorParameters<typeof Call>[0]): Call => new Call(begun, { target, apis, person });
    await new Calls({ channel, host, parseHead: parseCallHead, begin }).run(frames);
    channel.end();
  } catch (error) {
    if (!(error instanceof GatewayError)) host.log('session.failed', { session: host.session, error });
    channel.write({ kind: FrameKind.CLOSE, exchange: 0, head: encodeJson(refusalOf(error)), body: nothing });
    channel.end();
  }
}
