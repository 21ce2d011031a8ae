/**
 * What the gateway must know of a model's API, the same for every one of them. Pure: bytes in, values out. Gate one
 * describes a request; the agent describes it again, masks it on the way up, and masks the answer on the way back.
 */
import type { ModelUsage, OutcomeFlag } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import type { ConversationLedger } from './ledger.js';
import type { Placeholders } from './placeholders.js';

export const modelApiNames = [
  'anthropic.messages',
  'anthropic.count-tokens',
  'openai.responses',
  'openai.chat',
  'bedrock.invoke',
  'bedrock.converse',
  'bedrock.other',
  'bedrock.async',
  'bedrock.batch',
  'bedrock.count-tokens',
] as const;
export type ModelApiName = (typeof modelApiNames)[number];

/** What costs nothing, and says nothing to a model. */
export const onlyCounts = (api: ModelApiName): boolean => api.endsWith('.count-tokens');

/** One request to a model, described. */
export interface ModelRequest {
  readonly api: ModelApiName;
  readonly model: string;
  readonly stream: boolean;
  /** The most that the answer may use, as the request says; absent where it does not say. */
  readonly maxOutputTokens?: number;
  /** An upper bound by the size of what is sent; never less than what the API will count. */
  readonly inputTokensAtMost: number;
  /** Messages of the conversation, the new ones included. */
  readonly messages: number;
  /** What has come since the model's last answer, in order: texts of the user's side, results of tool calls. */
  readonly news: readonly News[];
  /** Names of the tools that the client offers to run itself. */
  readonly tools: readonly string[];
  /** Types of the tools that the provider would run: `web_search_20250305`, `code_interpreter`, `mcp`. */
  readonly serverTools: readonly string[];
  /** Kinds of what is not text: `image`, `document`, `audio`. */
  readonly media: readonly string[];
  /** Top-level members that this gateway has no knowledge of: they pass, and policies can ask for them. */
  readonly unknownMembers: readonly string[];
  readonly flags: readonly ModelFlag[];
  /** The client's own name of the conversation, where the body has one (`metadata.user_id`, `prompt_cache_key`). */
  readonly conversation?: string;
  /** The client has not asked what a streamed answer uses: the agent asks, and keeps it from the client. */
  readonly hidesUsage?: true;
}

export type News =
  /** `reminder`: what the client itself puts before the prompt (`<system-reminder>`); `notification`: see MessageKind. */
  | { readonly kind: 'text'; readonly text: string; readonly of: 'human' | 'reminder' | 'notification' }
  | { readonly kind: 'tool-result'; readonly id: string; readonly text: string; readonly isError: boolean };

export const modelFlags = {
  'remote-source': 'an image or document that the provider would fetch from an address',
  'file-reference': 'names a file that was sent to the provider before',
  'mcp-servers': 'makes the provider call MCP servers',
  container: 'makes the provider run code in a container of its own',
  background: 'runs on after the answer, or is kept by the provider for later requests',
  'stored-state': 'goes on with a conversation that the provider keeps, so that not all of it is in this request',
  'server-tools': 'offers tools that the provider runs',
  'unknown-members': 'has members that this gateway does not know',
  'unknown-blocks': 'has content of kinds that this gateway does not know',
  'unknown-shape':
    'is in the words of a maker whose members this gateway does not know: all its strings are taken for texts',
} as const;
export type ModelFlag = keyof typeof modelFlags;

/** One tool call of the model, whole. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it, masked; not necessarily valid JSON. */
  readonly input: string;
  /** Where the provider runs it itself (web search): it cannot be stopped, only seen. */
  readonly byProvider: boolean;
  /** Was a tool of this name offered in the request? */
  readonly declared: boolean;
}

export type ToolVerdict =
  | { readonly outcome: 'allow' }
  /** The model's call is replaced by this text, and no tool runs. */
  | { readonly outcome: 'deny'; readonly text: string };

export interface RequestMasking {
  readonly masker: Masker;
  readonly placeholders: Placeholders;
  readonly ledger: ConversationLedger;
}

export interface MaskedRequest {
  readonly body: Uint8Array;
  readonly maskedFields: number;
  readonly maskedBy: readonly string[];
}

export interface ResponseMasking extends RequestMasking {
  readonly request: ModelRequest;
  /** Asked once for each tool call, when it is whole and before its last byte passes; may take as long as people take. */
  decide(call: ToolCall): Promise<ToolVerdict>;
  /** After so long without a byte for the client, while something is held back, a ping is sent. */
  readonly pingMs: number;
  readonly signal: AbortSignal;
}

export const answerFlags = {
  'remote-image': 'shows an image from an address that carries data: whoever renders it tells that address',
} as const satisfies Readonly<Record<OutcomeFlag, string>>;
export type AnswerFlag = keyof typeof answerFlags;

export interface ModelAnswer {
  readonly usage?: ModelUsage;
  readonly stopReason?: string;
  readonly maskedFields: number;
  readonly maskedBy: readonly string[];
  /** The error's type in the API's words, where the answer is or ends with an error. */
  readonly errorType?: string;
  readonly flags?: readonly AnswerFlag[];
}

export interface MaskedAnswer {
  /**
   * Pulled. Ends early with a GatewayError RESPONSE_NOT_UNDERSTOOD where what comes cannot be understood; what was held back
   * is then discarded, never flushed.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Of what has passed so far; whole once the body has ended. */
  readonly answer: ModelAnswer;
}

export interface ResponseShape {
  readonly status: number;
  readonly contentType: string;
}

/** One API of a model. */
export interface ModelApi {
  readonly name: ModelApiName;
  /** @throws GatewayError INVALID_INPUT where it is not JSON as RFC 8259 has it, or has a name twice, or is not of this API */
  describe(body: Uint8Array): ModelRequest;
  /** Edits the original bytes: what is not hidden stays as it was, to the byte. */
  maskRequest(body: Uint8Array, masking: RequestMasking): MaskedRequest;
  /** JSON, server-sent events, or an error of the API: by the content type. The body is decoded (no content coding). */
  maskResponse(shape: ResponseShape, body: AsyncIterable<Uint8Array>, masking: ResponseMasking): MaskedAnswer;
}
