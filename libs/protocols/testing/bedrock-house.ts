/** Both halves of the AWS protocol before a scripted Bedrock, with clients of its SDK. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { sign } from '@sallyport/aws';
import { type AwsGatewayOptions, awsGateway } from './aws-gateway.js';
import { scriptedUpstream } from './aws-upstreams.js';

export interface BedrockHouse extends AsyncDisposable {
  readonly gateway: Awaited<ReturnType<typeof awsGateway>>;
  readonly client: BedrockRuntimeClient;
  /** What Bedrock was asked. */
  asked(): readonly string[];
  /** What Bedrock answers with from now on. */
  answers(respond: (response: ServerResponse) => unknown): void;
  /** A call that this SDK does not have. */
  post(path: string, body: object): Promise<{ readonly status: number; readonly text: string }>;
  outcomesOf(text: string): readonly object[];
}

export async function bedrockHouse(options: Omit<AwsGatewayOptions, 'settings'> = {}): Promise<BedrockHouse> {
  let respond: (response: ServerResponse) => unknown = (response) => response.end('{}');
  const upstream = await scriptedUpstream((_seen, response) => void respond(response));
  const gateway = await awsGateway({
    settings: { endpoints: { default: upstream.url } },
    rules: [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }],
    ...options,
  });
  const { region, endpoint, credentials, ca } = gateway;
  const client = new BedrockRuntimeClient({
    region,
    endpoint,
    credentials,
    maxAttempts: 1,
    requestHandler: { nodeHttp2ConnectOptions: { ca } },
  });
  return {
    gateway,
    client,
    // The first session asks AWS whose its credential is, too.
    asked: () => upstream.seen.filter(({ url }) => url !== '/').map(({ body }) => body.toString()),
    answers: (next) => {
      respond = next;
    },
    post: async (path, body) => {
      const text = JSON.stringify(body);
      const headers: [string, string][] = [
        ['host', `localhost:${gateway.port}`],
        ['content-type', 'application/json'],
      ];
      const signed = sign({ method: 'POST', path, query: '', headers }, credentials, {
        region,
        service: 'bedrock',
        now: new Date(),
        payload: createHash('sha256').update(text).digest('hex'),
      });
      const sent = request(`${endpoint}${path}`, { method: 'POST', headers: Object.fromEntries(signed.headers), ca });
      const [answer] = (await once(sent.end(text), 'response')) as [IncomingMessage];
      let told = '';
      for await (const piece of answer as AsyncIterable<Buffer>) told += piece.toString();
      return { status: answer.statusCode ?? 0, text: told };
    },
    outcomesOf: (text) =>
      gateway.events.flatMap((event) => (event.text?.startsWith(text) === true ? (event.outcome ?? []) : [])),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await gateway[Symbol.asyncDispose]();
      await upstream.stop();
    },
  };
}

export const jsonAnswer =
  (value: unknown, headers: Readonly<Record<string, string>> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  };
export const eventsAnswer =
  (...events: readonly Buffer[]) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' }).end(Buffer.concat(events));
  };
