import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { type AgentId, GatewayError, type SessionId } from '@sallyport/core';
import type { StreamChannel } from './stream-channel.js';

interface Opening {
  readonly agent: AgentId;
  readonly token: Buffer;
  readonly resolve: (channel: StreamChannel) => void;
  readonly reject: (error: GatewayError) => void;
}

export interface Asked {
  readonly agent: AgentId;
  readonly session: SessionId;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Asks the agent. */
  readonly ask: (token: Buffer) => void;
}

/** Sessions that an agent has been asked to open and has not opened yet. */
export class Openings {
  private readonly waiting = new Map<string, Opening>();

  countOf(agentId: AgentId): number {
    let count = 0;
    for (const { agent } of this.waiting.values()) if (agent === agentId) count += 1;
    return count;
  }

  /** @returns the channel once the agent has opened the session's stream */
  begin({ agent, session, timeoutMs, signal, ask }: Asked): Promise<StreamChannel> {
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (this.waiting.has(session))
      return Promise.reject(new GatewayError('CONFLICT', 'this session is being opened already'));
    return new Promise<StreamChannel>((resolve, reject) => {
      const token = randomBytes(32);
      const aborted = (): void => settle(() => reject(reasonOf(signal)));
      const late = (): void => settle(() => reject(new GatewayError('TIMED_OUT', 'the agent did not answer in time')));
      const timer = setTimeout(late, timeoutMs);
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.waiting.delete(session);
        how();
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.waiting.set(session, {
        agent,
        token,
        resolve: (channel) => settle(() => resolve(channel)),
        reject: (error) => settle(() => reject(error)),
      });
      ask(token);
    });
  }

  /**
   * Whose stream is this? The token is good for one.
   * @throws FORBIDDEN when it is not the stream of a session that this agent was asked to open
   */
  claim(agentId: AgentId, metadata: Metadata): (channel: StreamChannel) => void {
    const opening = this.waiting.get(String(metadata.get('sallyport-session')[0] ?? ''));
    const token = Buffer.from(String(metadata.get('sallyport-token')[0] ?? ''), 'base64url');
    const matches =
      opening !== undefined &&
      opening.agent === agentId &&
      token.length === opening.token.length &&
      timingSafeEqual(token, opening.token);
    if (matches) return opening.resolve;
    throw new GatewayError('FORBIDDEN', 'this session is not to be opened here');
  }

  refused(agentId: AgentId, session: string, error: GatewayError): void {
    const opening = this.waiting.get(session);
    if (opening?.agent === agentId) opening.reject(error);
  }

  /** @param agentId those of one agent; all when undefined */
  abandon(error: GatewayError, agentId?: AgentId): void {
    for (const { agent, reject } of [...this.waiting.values()])
      if (agentId === undefined || agent === agentId) reject(error);
  }
}

const reasonOf = (signal: AbortSignal | undefined): GatewayError =>
  signal?.reason instanceof GatewayError ? signal.reason : new GatewayError('CANCELLED', 'the session was given up');
