/** Both gates before an AWS that answers with secrets, under a policy that the real engine decides. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation, PersonId } from '@sallyport/core';
import { createPolicyEngine } from '@sallyport/policy';
import { awsGateway } from '../aws-gateway.js';
import { type Scripted, type Seen, scriptedUpstream } from '../aws-upstreams.js';
import { awsReadOnlyReference } from '../corpus/aws-policies.js';
import { identity, type Said } from './answers.js';
import { agentCredential, foundIn, planted } from './canaries.js';
import type { Gateway } from './client.js';

/** Whatever is described may run: the second gate alone. */
export const openPolicy = `
@id("connect")
permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("everything")
permit(principal, action == Sallyport::Action::"aws.call", resource);
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
  readonly kept: () => Buffer;
  readonly forget: () => void;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

const isIdentityCall = ({ body }: Seen): boolean => body.includes('Action=GetCallerIdentity');

export async function awsWorld(policy = awsReadOnlyReference): Promise<World> {
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
    rules: [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }],
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

const keptBy = ({ events, responses, log }: Gateway): Buffer => {
  const texts = JSON.stringify([events, log, [...responses.values()].map(({ text }) => text)]);
  const pieces = [...responses.values()].flatMap((response) => response.pieces.map(({ bytes }) => bytes));
  return Buffer.concat([Buffer.from(texts), Buffer.from('\n'), ...pieces]);
};

/** Nobody may learn what was planted, nor what the client itself signs with from the record. */
export const leaksOf = (world: World, heard: Buffer, isSecret: (canary: string) => boolean = () => true): string[] => {
  const { secretAccessKey, sessionToken } = world.gateway.credentials;
  return [
    ...foundIn(heard, planted.filter(isSecret)).map((canary) => `the client read ${canary}`),
    ...foundIn(world.kept(), [...planted.filter(isSecret), secretAccessKey, sessionToken]).map(
      (canary) => `the record holds ${canary}`,
    ),
  ];
};

/** A while in which something that must not happen would have happened. */
export const moment = (): Promise<void> => delay(30);
