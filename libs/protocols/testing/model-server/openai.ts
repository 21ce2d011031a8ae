/** Responses and Chat Completions as their reference has them (platform.openai.com/docs/api-reference). */
import { type Emitted, endsIn, event, inDeltas, type Part, type Plan } from './plan.js';

export const openAiError = (type: string, message: string): unknown => ({
  error: { message, type, param: null, code: type },
});

const textOf = ({ parts }: Plan): string => parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
const toolsOf = ({ parts }: Plan) =>
  parts.filter((part): part is Extract<Part, { kind: 'tool' }> => part.kind === 'tool');

// ------------------------------------------------------------------------------------------------- Chat Completions

const chatUsage = ({ inputTokens = 12, outputTokens = 7 }: Plan) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
});

const finishReason = (plan: Plan): string => (endsIn(plan) === 'tools' ? 'tool_calls' : 'stop');

export function chatCompletion(plan: Plan, model: string): unknown {
  const tools = toolsOf(plan).map(({ id, name, input }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  const message = {
    role: 'assistant',
    content: textOf(plan),
    refusal: null,
    ...(tools.length > 0 && { tool_calls: tools }),
  };
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 1_764_000_000,
    model,
    choices: [{ index: 0, message, finish_reason: finishReason(plan), logprobs: null }],
    usage: chatUsage(plan),
  };
}

export function* chatEvents(plan: Plan, model: string, includeUsage: boolean): Generator<Emitted> {
  const chunk = (delta: unknown, finish: string | null = null): Emitted =>
    event({
      id: 'chatcmpl-scripted',
      object: 'chat.completion.chunk',
      created: 1_764_000_000,
      model,
      choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
    });
  yield chunk({ role: 'assistant', content: '' });
  let index = 0;
  for (const part of plan.parts) {
    if (part.kind === 'wait') yield { wait: part.ms };
    else if (part.kind === 'until') yield { wait: part.until };
    else if (part.kind === 'cut') {
      yield { cut: true };
      return;
    } else if (part.kind === 'error') {
      yield event(openAiError(part.type, part.message));
      return;
    } else if (part.kind === 'text')
      for (const content of inDeltas(part.text, plan.deltaSize ?? 5)) yield chunk({ content });
    else if (part.kind === 'tool') {
      const { id, name, input } = part;
      yield chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
      for (const piece of inDeltas(JSON.stringify(input), plan.deltaSize ?? 5))
        yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
      index += 1;
    }
  }
  yield chunk({}, finishReason(plan));
  if (includeUsage)
    yield event({
      id: 'chatcmpl-scripted',
      object: 'chat.completion.chunk',
      created: 1_764_000_000,
      model,
      choices: [],
      usage: chatUsage(plan),
    });
  yield { text: 'data: [DONE]\n\n' };
}

// -------------------------------------------------------------------------------------------------------- Responses

const responsesUsage = ({ inputTokens = 12, outputTokens = 7 }: Plan) => ({
  input_tokens: inputTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: outputTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: inputTokens + outputTokens,
});

type Spoken = Extract<Part, { kind: 'text' | 'tool' }>;

const itemOf = (part: Spoken, at: number, status: string): Record<string, unknown> =>
  part.kind === 'text'
    ? {
        id: `msg_${at}`,
        type: 'message',
        status,
        role: 'assistant',
        content: status === 'completed' ? [contentOf(part.text)] : [],
      }
    : {
        id: `fc_${at}`,
        type: 'function_call',
        status,
        call_id: part.id,
        name: part.name,
        arguments: status === 'completed' ? JSON.stringify(part.input) : '',
      };

const contentOf = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const spoken = ({ parts }: Plan): Spoken[] =>
  parts.filter((part): part is Spoken => part.kind === 'text' || part.kind === 'tool');

export const response = (plan: Plan, model: string, status = 'completed'): Record<string, unknown> => ({
  id: 'resp_scripted',
  object: 'response',
  created_at: 1_764_000_000,
  status,
  error: null,
  incomplete_details: null,
  instructions: null,
  model,
  output: status === 'completed' ? spoken(plan).map((part, at) => itemOf(part, at, 'completed')) : [],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  usage: status === 'completed' ? responsesUsage(plan) : null,
});

export function* responseEvents(plan: Plan, model: string): Generator<Emitted> {
  let sequence = 0;
  const next = (type: string, fields: object): Emitted => event({ type, sequence_number: sequence++, ...fields }, type);
  yield next('response.created', { response: response(plan, model, 'in_progress') });
  yield next('response.in_progress', { response: response(plan, model, 'in_progress') });
  let at = 0;
  for (const part of plan.parts) {
    if (part.kind === 'wait') yield { wait: part.ms };
    else if (part.kind === 'until') yield { wait: part.until };
    else if (part.kind === 'cut') {
      yield { cut: true };
      return;
    } else if (part.kind === 'error') {
      const error = { code: part.type, message: part.message };
      yield next('response.failed', { response: { ...response(plan, model, 'failed'), error } });
      return;
    } else if (part.kind === 'text' || part.kind === 'tool') {
      yield* itemEvents(part, at, next, plan.deltaSize ?? 5);
      at += 1;
    }
  }
  yield next('response.completed', { response: response(plan, model) });
}

type Next = (type: string, fields: object) => Emitted;

function* itemEvents(part: Spoken, at: number, next: Next, size: number): Generator<Emitted> {
  const item = itemOf(part, at, 'completed');
  const place = { item_id: item['id'], output_index: at };
  yield next('response.output_item.added', { output_index: at, item: itemOf(part, at, 'in_progress') });
  if (part.kind === 'text') {
    const content = { ...place, content_index: 0 };
    yield next('response.content_part.added', { ...content, part: contentOf('') });
    for (const delta of inDeltas(part.text, size))
      yield next('response.output_text.delta', { ...content, delta, logprobs: [] });
    yield next('response.output_text.done', { ...content, text: part.text, logprobs: [] });
    yield next('response.content_part.done', { ...content, part: contentOf(part.text) });
  } else {
    const text = JSON.stringify(part.input);
    for (const delta of inDeltas(text, size)) yield next('response.function_call_arguments.delta', { ...place, delta });
    yield next('response.function_call_arguments.done', { ...place, name: part.name, arguments: text });
  }
  yield next('response.output_item.done', { output_index: at, item });
}
