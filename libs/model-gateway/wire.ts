/** The heads of the frames between the halves; what every protocol over HTTP shares of them is in libs/http/frames.ts. */
import type { CallFrame } from '@sallyport/http';
import type { ModelApiName, ToolCall, ToolVerdict } from '@sallyport/models';

/** OPEN, as JSON: nothing that the agent's own file does not say better. */
export interface OpenHead {
  readonly person: string;
}

/** OPENED, as JSON. */
export interface OpenedHead {
  /** The host that the agent's file names: for the record, never for the client. */
  readonly upstream: string;
}

/** The first FORWARD of a call. The body is the client's, decoded (no content coding), unmasked: the agent masks it. */
export interface CallHead extends CallFrame {
  readonly method: 'GET' | 'POST';
  /** One of the protocol's own routes, as gate one has understood it; never what the client wrote. */
  readonly path: string;
  /** Without the question mark, as the client wrote it. */
  readonly query: string;
  /** Of the client, without hop-by-hop headers and without what authenticates it. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What gate one took it for; the agent describes it again. Absent for a list of models. */
  readonly api?: ModelApiName;
  readonly model?: string;
  /** Whose ledger it goes by: the client's conversation and agent thread, else the session's. */
  readonly conversation: string;
}

/** RAISE: one tool call of the model's answer, held until its verdict. The body is its input, as in `ToolCall`. */
export interface RaiseHead extends Omit<ToolCall, 'input'> {
  /** From 1 within the call. */
  readonly number: number;
}

/** VERDICT. */
export type VerdictHead = ToolVerdict & { readonly number: number };
