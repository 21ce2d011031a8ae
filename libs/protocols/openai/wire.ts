/** What of OpenAI's API goes through this gateway, and how its streams are written. */
import { eventText, type Route } from '@sallyport/model-gateway';

const underVersion: readonly Route[] = [
  { method: 'POST', path: '/v1/responses', api: 'openai.responses' },
  { method: 'POST', path: '/v1/chat/completions', api: 'openai.chat' },
  { method: 'GET', path: '/v1/models' },
  { method: 'GET', path: '/v1/models/:id' },
];

/** Some clients have the version in their base URL, some leave it out. */
const withoutVersion = ({ path, ...route }: Route): Route => ({
  ...route,
  path: path.slice('/v1'.length),
  sentAs: path,
});

export const routes: readonly Route[] = [...underVersion, ...underVersion.map(withoutVersion)];

export const probes: readonly string[] = ['/', '/v1'];

const hints: readonly (readonly [string, string])[] = [
  ['/responses', 'a response that the provider keeps can be neither read nor ended here: send the whole conversation'],
  ['/chat/completions', 'completions that the provider keeps cannot be read here: send the whole conversation'],
  ['/batches', 'send the requests one by one: of a batch neither the prompts nor the answers can be held'],
  ['/files', 'put what the model should read into the request itself'],
  ['/uploads', 'put what the model should read into the request itself'],
  ['/vector_stores', 'put what the model should read into the request itself'],
  ['/containers', 'run code on the client’s side'],
  ['/conversations', 'send the whole conversation with each request'],
  ['/assistants', 'use /v1/responses'],
  ['/threads', 'use /v1/responses'],
  ['/completions', 'use /v1/chat/completions'],
  ['/organization', 'administer the organisation with its own console: this connection is for models'],
  ['/projects', 'administer the project with its own console: this connection is for models'],
  ['/embeddings', 'this connection is for Responses and Chat Completions only'],
  ['/images', 'this connection is for Responses and Chat Completions only'],
  ['/audio', 'this connection is for Responses and Chat Completions only'],
  ['/videos', 'this connection is for Responses and Chat Completions only'],
  ['/moderations', 'this connection is for Responses and Chat Completions only'],
  ['/realtime', 'set the client to HTTP: what goes through a WebSocket can be neither read nor held'],
  ['/fine_tuning', 'this connection is for Responses and Chat Completions only'],
  ['/evals', 'this connection is for Responses and Chat Completions only'],
];

export const elsewhere: readonly (readonly [string, string])[] = hints.flatMap(([path, hint]) => [
  [`/v1${path}`, hint] as const,
  [path, hint] as const,
]);

/** A comment: clients of server-sent events pass over it. */
export const ping: Buffer = Buffer.from(': waiting\n\n');

/**
 * Chat's SDKs look for `error` in any event; Codex takes nothing for the end of a response but its own events.
 * @param body an error answer of the API · @param sequence the number of the next event
 */
export function errorEvent(body: Buffer, api: string | undefined, sequence = 0): Buffer {
  const error = eventText('error', body.toString('utf8'));
  return Buffer.from(api === 'openai.responses' ? `${failed(body, sequence)}${error}` : error);
}

function failed(body: Buffer, sequence: number): string {
  const { code, type, message } = errorIn(body);
  const error = { code: code ?? type ?? 'server_error', message: message ?? 'the request failed' };
  const response = { id: 'resp_sallyport', object: 'response', status: 'failed', error, output: [] };
  return eventText('response.failed', JSON.stringify({ type: 'response.failed', sequence_number: sequence, response }));
}

function errorIn(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed = JSON.parse(body.toString('utf8')) as { readonly error?: Readonly<Record<string, unknown>> } | null;
    return parsed?.error ?? {};
  } catch {
    return {}; // no JSON: an answer of something in front of the API
  }
}
