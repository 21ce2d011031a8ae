/**
 * Texts that come in pieces, one in each event: a secret may begin in one and end in the next. Which members they are no
 * model says; this is the list, of every operation that answers in events.
 */
export interface ChannelRule {
  /** The event whose member it is. */
  readonly event: string;
  /** Of the member; empty where the payload itself is the piece. */
  readonly path: readonly string[];
  /** A text, bytes in base64, the payload's own bytes, or a model's own JSON in base64. */
  readonly form: 'text' | 'base64' | 'bytes' | 'model';
  /** Pieces of several texts are told apart by this member. */
  readonly by?: string;
  /** Events that end a text; the end of the stream always does. */
  readonly ends: readonly string[];
}

const textAt = (event: string, path: string, more: Partial<ChannelRule> = {}): ChannelRule => ({
  event,
  path: path.split('.'),
  form: 'text',
  ends: [],
  ...more,
});

const block = { by: 'contentBlockIndex', ends: ['contentBlockStop', 'messageStop'] };
const conversation: readonly ChannelRule[] = ['delta.text', 'delta.toolUse.input', 'delta.reasoningContent.text'].map(
  (path) => textAt('contentBlockDelta', path, block),
);
const agent: readonly ChannelRule[] = [textAt('chunk', 'bytes', { form: 'base64' })];
const model: readonly ChannelRule[] = [textAt('chunk', 'bytes', { form: 'model' })];
const bytes = (event: string, ...ends: string[]): readonly ChannelRule[] => [{ event, path: [], form: 'bytes', ends }];

const rules: Readonly<Record<string, readonly ChannelRule[]>> = {
  'bedrock-runtime:ConverseStream': conversation,
  'bedrock-runtime:InvokeModelWithResponseStream': model,
  'bedrock-runtime:InvokeModelWithBidirectionalStream': model,
  'bedrock-agent-runtime:InvokeAgent': agent,
  'bedrock-agent-runtime:InvokeInlineAgent': agent,
  'bedrock-agent-runtime:RetrieveAndGenerateStream': [textAt('output', 'text')],
  'bedrock-agent-runtime:AgenticRetrieveStream': [textAt('responseEvent', 'text', { ends: ['result'] })],
  'bedrock-agentcore:InvokeHarness': conversation,
  'bedrock-agentcore:InvokeAgentRuntimeCommand': ['contentDelta.stdout', 'contentDelta.stderr'].map((path) =>
    textAt('chunk', path),
  ),
  'devops-agent:SendMessage': ['delta.textDelta.text', 'delta.jsonDelta.partialJson'].map((path) =>
    textAt('contentBlockDelta', path, { by: 'index', ends: ['contentBlockStop', 'responseCompleted'] }),
  ),
  'iotsitewise:InvokeAssistant': [textAt('output', 'message')],
  'qbusiness:Chat': [textAt('textEvent', 'systemMessage', { ends: ['metadataEvent'] })],
  'lambda:InvokeWithResponseStream': bytes('PayloadChunk', 'InvokeComplete'),
  's3:SelectObjectContent': bytes('Records', 'End'),
  'sagemaker-runtime:InvokeEndpointWithResponseStream': bytes('PayloadPart'),
  'logs:GetLogObject': [textAt('fields', 'data', { form: 'base64' })],
};

export const channelRules = (service: string, operation: string): readonly ChannelRule[] =>
  rules[`${service}:${operation}`] ?? [];

/** How models call the pieces of their texts, in JSON of their own. */
const pieces = new Set([
  ...['text', 'partial_json', 'thinking', 'completion', 'generation', 'outputText', 'content', 'input', 'arguments'],
  ...['reasoning', 'reasoning_content', 'refusal'],
]);
export const isPieceOfModel = (name: string): boolean => pieces.has(name);

/** What says in a model's JSON that no more comes. */
const reasons = new Set(['stop_reason', 'stopReason', 'completionReason', 'finish_reason', 'finishReason']);
export const isReasonToStop = (name: string): boolean => reasons.has(name);
export const endsOfModel = new Set(['content_block_stop', 'message_stop', 'message_delta']);
