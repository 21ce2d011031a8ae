import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type createAuthority, issueServerCertificate } from '@sallyport/tunnel';

type Authority = Awaited<ReturnType<typeof createAuthority>>;

export interface ModelRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A model that asks for one command, and is content with whatever comes of it. */
export interface ScriptedModel extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ModelRequest[];
  /** The command that it asks for from now on. */
  command: string;
  /** By the tool of this name; that of Claude Code when absent, once it has loaded the tool. */
  tool?: string;
}

type Wanted = Pick<ScriptedModel, 'command' | 'tool'>;
type Answer = (body: string, wanted: Wanted) => readonly (readonly [event: string, data: object])[];

const bodyOf = async (request: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** @param answers by the end of the path; anything else is answered by an empty object */
const scriptedModel = async (
  authority: Authority,
  answers: Readonly<Record<string, Answer>>,
): Promise<ScriptedModel> => {
  const { certificate, privateKey } = await issueServerCertificate(authority, ['127.0.0.1', 'localhost']);
  const requests: ModelRequest[] = [];
  const model: Wanted = { command: 'true' };
  const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
    void bodyOf(request).then((body) => {
      const path = request.url!.split('?')[0]!;
      requests.push({ path, headers: request.headers, body });
      const answer = answers[path];
      if (!answer) return response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const [event, data] of answer(body, model))
        response.write(`event: ${event}\ndata: ${JSON.stringify({ type: event, ...data })}\n\n`);
      return response.end();
    });
  });
  const port = await listening(server);
  return Object.assign(model, {
    url: `https://127.0.0.1:${port}`,
    port,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
};

export const toolUse = 'toolu_scripted_1';

const messages: Answer = (body, { command, tool = 'Bash' }) => {
  const {
    model,
    messages: said,
    tools = [],
  } = JSON.parse(body) as { model: string; messages: unknown[]; tools?: { name?: string }[] };
  const isOffered = (wanted: string): boolean => tools.some(({ name }) => name === wanted);
  const isDone = JSON.stringify(said).includes(`"${toolUse}"`);
  const isLoading = !isOffered(tool) && isOffered('ToolSearch');
  const asks = !isDone && (isLoading || isOffered(tool));
  const call = isLoading
    ? { id: `${toolUse}_search`, name: 'ToolSearch', input: { query: `select:${tool}`, max_results: 1 } }
    : {
        id: toolUse,
        name: tool,
        input: { command, description: 'as asked', ...(tool === 'Monitor' && { timeout_ms: 5_000 }) },
      };
  const start = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  const block = asks ? { type: 'tool_use', id: call.id, name: call.name, input: {} } : { type: 'text', text: '' };
  const delta = asks
    ? { type: 'input_json_delta', partial_json: JSON.stringify(call.input) }
    : { type: 'text_delta', text: 'done' };
  return [
    ['message_start', { message: start }],
    ['content_block_start', { index: 0, content_block: block }],
    ['content_block_delta', { index: 0, delta }],
    ['content_block_stop', { index: 0 }],
    [
      'message_delta',
      { delta: { stop_reason: asks ? 'tool_use' : 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } },
    ],
    ['message_stop', {}],
  ];
};

export const anthropicModel = (authority: Authority): Promise<ScriptedModel> =>
  scriptedModel(authority, { '/v1/messages': messages });

const responses: Answer = (body, { command }) => {
  const { input, tools = [] } = JSON.parse(body) as { input: unknown; tools?: { name?: string }[] };
  const asks =
    tools.some(({ name }) => name === 'exec_command') && !JSON.stringify(input).includes('function_call_output');
  const item = asks
    ? {
        id: 'fc_1',
        type: 'function_call',
        status: 'completed',
        call_id: toolUse,
        name: 'exec_command',
        arguments: JSON.stringify({ cmd: command }),
      }
    : {
        id: 'msg_1',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'done', annotations: [] }],
      };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  return [
    ['response.created', { response: { id: 'resp_1', object: 'response', status: 'in_progress', output: [] } }],
    ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress' } }],
    ['response.output_item.done', { output_index: 0, item }],
    [
      'response.completed',
      { response: { id: 'resp_1', object: 'response', status: 'completed', output: [item], usage } },
    ],
  ];
};

export const openaiModel = (authority: Authority): Promise<ScriptedModel> =>
  scriptedModel(authority, { '/v1/responses': responses });
