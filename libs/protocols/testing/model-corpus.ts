/** The world in which the model cases of the corpus are tried: both halves, the pack `model-strict`, a scripted model. */
import type { Operation, PersonId } from '@sallyport/core';
import { createPolicyEngine, packs } from '@sallyport/policy';
import { ask, type Heard, type Said } from './model-clients.js';
import { type ModelGatewayOptions, modelGateway } from './model-gateway.js';
import { modelServer, says } from './model-server.js';

const engine = createPolicyEngine();
engine.load(1, packs.find(({ name }) => name === 'model-strict')!.text);

const identity = {
  id: 'ai' as PersonId,
  class: 'ai',
  issuer: 'i',
  subject: 's',
  name: 'ai',
  groups: [],
  roles: [],
} as const;

const decide = ({ action, risk, facts }: Operation) =>
  engine.decide({
    identity,
    connection: { name: 'model', labels: [], protocol: 'anthropic' },
    operation: { action, risk, facts },
    assurance: 'ticketed',
    turn: {},
  });

export async function modelWorld(
  plan: Parameters<typeof modelServer>[0] = [says('Hello.')],
  options: Partial<ModelGatewayOptions> = {},
) {
  const model = await modelServer(plan);
  const gateway = await modelGateway({ protocol: 'anthropic', model, decide, ...options });
  return {
    model,
    gateway,
    send: (path: string, said: Partial<Said> = {}): Promise<Heard> =>
      ask(gateway, { path, ...said, headers: { 'anthropic-version': '2023-06-01', ...said.headers } }),
    /** A message, with what is said about it changed. */
    message: (over: object = {}, headers: Said['headers'] = {}): Promise<Heard> =>
      ask(gateway, {
        path: '/v1/messages',
        headers: { 'anthropic-version': '2023-06-01', ...headers },
        body: JSON.stringify({ ...plain, ...over }),
      }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}
export type ModelWorld = Awaited<ReturnType<typeof modelWorld>>;

export const plain = {
  model: 'claude-scripted',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Good morning.' }],
};
