/** Both gates before an AWS that answers with secrets, under a policy that the real engine decides. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MaskingRule, Operation, PersonId } from '@sallyport/core';
import { createPolicyEngine } from '@sallyport/policy';
import { awsGateway } from '../aws-gateway.js';
import { type Scripted, type Seen, scriptedUpstream } from '../aws-upstreams.js';
import { awsReadOnlyReference } from '../corpus/aws-policies.js';
import { identity, type Said } from './answers.js';
import { agentCredential, foundIn, planted } from './canaries.js';
import type { Answer, Gateway } from './client.js';

/** Whatever is described may run: the second gate alone. */
export const openPolicy = `
@id("connect")
permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("everything")
permit(principal, action == Sallyport::Action::"aws.call", resource);
@id("models")
permit(principal, action == Sallyport::Action::"model.request", resource);
@id("tools")
permit(principal, action == Sallyport::Action::"model.tool_call", resource);
`;

const person = {
  id: 'ai' as PersonId,
  class: 'ai',
  issuer: 'i',
  subject: 's',
  name: 'ai',
  groups: [],
  roles: [],
} as const;

export interface World {
  readonly gateway: Gateway;
  readonly upstream: Scripted;
  /** What AWS says to everything but to whom the credential belongs to. */
  answer: Said | ((seen: Seen) => Said);
  /** What people say when they are asked. */
  reviewer: (operation: Operation) => Promise<'approve' | 'reject'>;
  /** What arrived at AWS, but for the gateway's own questions and those of `isUsable`. */
  readonly arrived: () => readonly Seen[];
  /** What people were asked. */
  readonly asked: Operation[];
  /** Everything that was recorded and logged. */
  readonly kept: () => readonly Buffer[];
  readonly forget: () => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

const isIdentityCall = ({ body }: Seen): boolean => body.includes('Action=GetCallerIdentity');

const secrets: readonly MaskingRule[] = [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }];

export async function awsWorld(policy = awsReadOnlyReference, rules = secrets): Promise<World> {
  const engine = createPolicyEngine();
  engine.load(1, policy);
  const upstream = await scriptedUpstream((seen, response) => {
    const said = typeof world.answer === 'function' ? world.answer(seen) : world.answer;
    const { status = 200, headers = {}, body } = isIdentityCall(seen) ? identity : said;
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
    response.end(seen.method === 'HEAD' ? undefined : body);
  });
  const gateway = await awsGateway({
    settings: { region: 'us-east-1', endpoints: { default: upstream.url } },
    records: true,
    credential: agentCredential,
    rules,
    decide: (operation) =>
      engine.decide({
        identity: person,
        connection: { name: 'cloud', labels: [], protocol: 'aws' },
        operation,
        assurance: 'ticketed',
        turn: {},
      }),
    review: async (operation, { policies, policyVersion }, { waiting }) => {
      world.asked.push(operation);
      waiting({ review: 'r-1' as never, message: 'a reviewer is asked' });
      const outcome = await world.reviewer(operation);
      if (outcome === 'approve') return { outcome: 'allow', policies, policyVersion };
      const refusal = { code: 'REVIEW_REJECTED', message: 'the reviewer said no' } as const;
      return { outcome: 'deny', policies, policyVersion, refusal };
    },
  });
  const world: World = {
    gateway,
    upstream,
    answer: { body: '' },
    reviewer: async () => 'reject',
    arrived: () => upstream.seen.filter((seen) => !isIdentityCall(seen)),
    asked: [],
    kept: () => keptBy(gateway),
    forget: () => {
      upstream.seen.length = 0;
      world.asked.length = 0;
      gateway.events.length = 0;
      gateway.responses.clear();
      gateway.log.length = 0;
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream.stop();
    },
  };
  return world;
}

/** Of a recorded response, the head and the body are each a whole, and the latter may be compressed. */
const keptBy = ({ events, responses, log }: Gateway): Buffer[] => {
  const recorded = [...responses.values()];
  const texts = JSON.stringify([events, log, recorded.map(({ text }) => text)]);
  const bodies = recorded.map(({ pieces: [, ...body] }) => Buffer.concat(body.map(({ bytes }) => bytes)));
  return [Buffer.from(texts), ...recorded.map(({ pieces: [head] }) => head?.bytes ?? Buffer.alloc(0)), ...bodies];
};

/** Nobody may learn what was planted, nor what the client itself signs with from the record. */
export const leaksOf = (
  world: World,
  { headers, body }: Pick<Answer, 'headers' | 'body'>,
  isSecret: (canary: string) => boolean = () => true,
): string[] => {
  const { secretAccessKey, sessionToken } = world.gateway.credentials;
  const secrets = planted.filter(isSecret);
  const heard = [Buffer.from(headers.map((header) => header.join(': ')).join('\n')), body];
  return [
    ...foundIn(heard, secrets).map((canary) => `the client read ${canary}`),
    ...foundIn(world.kept(), [...secrets, secretAccessKey, sessionToken]).map((canary) => `the record holds ${canary}`),
  ];
};

/** A while in which something that must not happen would have happened. */
export const moment = (): Promise<void> => delay(30);
