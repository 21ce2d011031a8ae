/**
 * AWS to the target: a client of every service that holds the credential, signs and masks. Runs in the agent.
 * The control plane may only narrow: it names an alias, regions, accounts and a role of the agent's own file, and rules
 * that are added.
 */

import { loadCatalogue } from '@sallyport/aws';
import { GatewayError, refusalOf } from '@sallyport/core';
import { type Channel, FrameKind, type Target, type TargetHost, type TargetSide } from '@sallyport/engine';
import { Calls, encodeJson } from '@sallyport/http';
import { parseAwsSettings } from './settings.js';
import { AwsTarget } from './target/aws-target.js';
import { Call } from './target/call.js';
import { parseCallHead, parseOpenHead } from './target/call-head.js';
import { openSession } from './target/opening.js';

const nothing = new Uint8Array(0);

export async function createAwsTargetSide(): Promise<TargetSide> {
  const catalogue = loadCatalogue();
  const targets = new WeakMap<Target, AwsTarget>();
  const targetOf = (host: TargetHost): AwsTarget => {
    const { target } = host;
    const known = targets.get(target) ?? new AwsTarget(host, catalogue, (event, details) => host.log(event, details));
    targets.set(target, known);
    return known;
  };
  return {
    name: 'aws',
    configure: (settings) => void parseAwsSettings(settings),
    serve: (channel, host) => serve(channel, host, targetOf),
  };
}

async function serve(channel: Channel, host: TargetHost, targetOf: (host: TargetHost) => AwsTarget): Promise<void> {
  const frames = channel.frames[Symbol.asyncIterator]();
  try {
    const open = await frames.next();
    if (open.done) return;
    if (open.value.kind !== FrameKind.OPEN)
      throw new GatewayError('PROTOCOL_VIOLATION', 'a session must begin with its opening');
    const target = targetOf(host);
    const session = await openSession(target, parseOpenHead(open.value.head));
    channel.write({ kind: FrameKind.OPENED, exchange: 0, head: encodeJson(session.opened), body: nothing });
    await new Calls({
      channel,
      host,
      parseHead: parseCallHead,
      begin: (begun) => new Call({ target, session, ...begun }),
    }).run(frames);
    channel.end();
  } catch (error) {
    if (!(error instanceof GatewayError)) host.log('session.failed', { session: host.session, error });
    channel.write({ kind: FrameKind.CLOSE, exchange: 0, head: encodeJson(refusalOf(error)), body: nothing });
    channel.end();
  }
}
