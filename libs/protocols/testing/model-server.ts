/** A model that says what a test wants, by the APIs of Anthropic and OpenAI: HTTP on loopback, nothing outside. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { anthropicError, anthropicEvents, anthropicMessage } from './model-server/anthropic.js';
import { chatCompletion, chatEvents, openAiError, response, responseEvents } from './model-server/openai.js';
import { type Emitted, type Plan, says } from './model-server/plan.js';

export { calls, type Part, type Plan, says } from './model-server/plan.js';

/** One request as it came to the model. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** @param plan what is said to a request; a list is said in order, its last for ever */
export async function modelServer(
  plan: ((seen: Seen) => Plan) | readonly Plan[] = [says('Hello.')],
  key = 'model-key',
) {
  const seen: Seen[] = [];
  const sent = { bytes: 0 };
  const planFor = typeof plan === 'function' ? plan : () => plan[Math.min(seen.length, plan.length) - 1]!;
  const server = createServer((request, answer) => {
    void serve(request, answer, { seen, sent, planFor, key }).catch(() => answer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    seen,
    /** Of streams, as far as they were taken. */
    sent,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
export type ModelServer = Awaited<ReturnType<typeof modelServer>>;

interface House {
  readonly seen: Seen[];
  readonly sent: { bytes: number };
  readonly planFor: (seen: Seen) => Plan;
  readonly key: string;
}

async function serve(
  request: IncomingMessage,
  answer: ServerResponse,
  { seen, sent, planFor, key }: House,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const { method = '', url = '', headers } = request;
  const one: Seen = { method, url, headers, body: Buffer.concat(pieces).toString('utf8') };
  seen.push(one);
  const path = url.split('?')[0]!;
  const isAnthropic = headers['anthropic-version'] !== undefined;
  const errorOf = isAnthropic ? anthropicError : openAiError;
  const shown = isAnthropic ? headers['x-api-key'] : headers.authorization?.replace(/^Bearer /, '');
  if (shown !== key) return json(answer, 401, errorOf('authentication_error', 'the key is not valid'));
  const plan = planFor(one);
  for (const [name, value] of Object.entries({ ...ids(isAnthropic), ...plan.headers })) answer.setHeader(name, value);
  if (plan.refusal !== undefined)
    return json(answer, plan.refusal.status, errorOf(plan.refusal.type, plan.refusal.message));
  const found = routes[`${method} ${path.replace(/^\/v1\/models\/.+/, '/v1/models/:id')}`];
  if (found === undefined) return json(answer, 404, errorOf('not_found_error', path));
  const asked = (one.body === '' ? {} : JSON.parse(one.body)) as Asked;
  const { whole, events } = found(plan, asked, path);
  if (asked.stream !== true || events === undefined) return json(answer, 200, whole);
  await stream(answer, events, sent);
}

const ids = (isAnthropic: boolean): Record<string, string> =>
  isAnthropic ? { 'request-id': 'req_scripted' } : { 'x-request-id': 'req_scripted' };

interface Asked {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

type Route = (
  plan: Plan,
  asked: Asked,
  path: string,
) => { readonly whole: unknown; readonly events?: Generator<Emitted> };

const modelOf = ({ model = '' }: Asked): string => model;
const listed = {
  type: 'model',
  object: 'model',
  id: 'scripted-1',
  display_name: 'Scripted 1',
  created_at: '2026-01-01T00:00:00Z',
};

const routes: Readonly<Record<string, Route>> = {
  'POST /v1/messages': (plan, asked) => ({
    whole: anthropicMessage(plan, modelOf(asked)),
    events: anthropicEvents(plan, modelOf(asked)),
  }),
  'POST /v1/messages/count_tokens': ({ inputTokens = 12 }) => ({ whole: { input_tokens: inputTokens } }),
  'POST /v1/responses': (plan, asked) => ({
    whole: response(plan, modelOf(asked)),
    events: responseEvents(plan, modelOf(asked)),
  }),
  'POST /v1/chat/completions': (plan, asked) => ({
    whole: chatCompletion(plan, modelOf(asked)),
    events: chatEvents(plan, modelOf(asked), asked.stream_options?.include_usage === true),
  }),
  'GET /v1/models': () => ({
    whole: { object: 'list', data: [listed], has_more: false, first_id: listed.id, last_id: listed.id },
  }),
  'GET /v1/models/:id': (_plan, _asked, path) => ({
    whole: { ...listed, id: decodeURIComponent(path.slice('/v1/models/'.length)) },
  }),
};

function json(answer: ServerResponse, status: number, value: unknown): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

const drained = (answer: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      answer.off('drain', settle).off('close', settle);
      resolve();
    };
    answer.on('drain', settle).on('close', settle);
  });

async function stream(answer: ServerResponse, events: Generator<Emitted>, sent: { bytes: number }): Promise<void> {
  answer.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const { text, wait, cut } of events) {
    if (cut) return void answer.destroy();
    if (wait !== undefined) await (typeof wait === 'number' ? sleep(wait) : wait);
    sent.bytes += text?.length ?? 0;
    if (text !== undefined && !answer.write(text)) await drained(answer);
  }
  answer.end();
}
