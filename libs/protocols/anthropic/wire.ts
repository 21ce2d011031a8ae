/** What of the Messages API goes through this gateway, and how its streams are written. */
import { eventText, type Route } from '@sallyport/model-gateway';

export const routes: readonly Route[] = [
  { method: 'POST', path: '/v1/messages', api: 'anthropic.messages' },
  { method: 'POST', path: '/v1/messages/count_tokens', api: 'anthropic.count-tokens' },
  { method: 'GET', path: '/v1/models' },
  { method: 'GET', path: '/v1/models/:id' },
];

/** Claude Code looks whether somebody is there. */
export const probes: readonly string[] = ['/', '/api/hello'];

export const elsewhere: readonly (readonly [string, string])[] = [
  ['/v1/messages/batches', 'send the messages one by one: of a batch neither the prompts nor the answers can be held'],
  ['/v1/files', 'put what the model should read into the message itself'],
  ['/v1/organizations', 'administer the organisation with its own console: this connection is for models'],
  ['/v1/skills', 'keep skills on the client’s side: those of the provider run there, where nobody can see them'],
  ['/v1/agents', 'run agents on the client’s side'],
  ['/v1/sessions', 'run agents on the client’s side'],
  ['/v1/environments', 'run agents on the client’s side'],
  ['/v1/complete', 'use /v1/messages'],
  ['/v1/experimental', 'use /v1/messages'],
];

export const ping: Buffer = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n');

/** @param body an error answer of the API */
export const errorEvent = (body: Buffer): Buffer => Buffer.from(eventText('error', body.toString('utf8')));
