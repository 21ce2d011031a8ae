import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type AgentId, GatewayError, type SessionId } from '@sallyport/core';
import { Grouped } from './grouped.js';
import type { SessionClaim } from './messages.js';
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

/** Streams of sessions that an agent has been asked to open and has not opened yet; a session may wait for several. */
export class Openings {
  private readonly waiting = new Grouped<string, Opening>();

  countOf(agentId: AgentId): number {
    let count = 0;
    for (const { agent } of this.waiting.all()) if (agent === agentId) count += 1;
    return count;
  }

  /** @returns the channel once the agent has opened the session's stream */
  begin({ agent, session, timeoutMs, signal, ask }: Asked): Promise<StreamChannel> {
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    return new Promise<StreamChannel>((resolve, reject) => {
      const token = randomBytes(32);
      const aborted = (): void => settle(() => reject(reasonOf(signal)));
      const late = (): void => settle(() => reject(new GatewayError('TIMED_OUT', 'the agent did not answer in time')));
      const timer = setTimeout(late, timeoutMs);
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.waiting.delete(session, opening);
        how();
      };
      signal?.addEventListener('abort', aborted, { once: true });
      const opening: Opening = {
        agent,
        token,
        resolve: (channel) => settle(() => resolve(channel)),
        reject: (error) => settle(() => reject(error)),
      };
      this.waiting.add(session, opening);
      ask(token);
    });
  }

  /**
   * Whose stream or claim is this? The token is good for one.
   * @throws FORBIDDEN when it is not that of a session that this agent was asked to open
   */
  claim(agentId: AgentId, { session, token }: SessionClaim): (channel: StreamChannel) => void {
    const opening = this.waiting
      .of(session)
      .find((one) => one.agent === agentId && token.length === one.token.length && timingSafeEqual(token, one.token));
    if (opening !== undefined) return opening.resolve;
    throw new GatewayError('FORBIDDEN', 'this session is not to be opened here');
  }

  /** All that the session waits for there: an agent refuses a session, whichever of its streams it was asked for. */
  refused(agentId: AgentId, session: string, error: GatewayError): void {
    for (const { agent, reject } of this.waiting.of(session)) if (agent === agentId) reject(error);
  }

  /** @param agentId those of one agent; all when undefined */
  abandon(error: GatewayError, agentId?: AgentId): void {
    for (const { agent, reject } of this.waiting.all()) if (agentId === undefined || agent === agentId) reject(error);
  }
}

const reasonOf = (signal: AbortSignal | undefined): GatewayError =>
  signal?.reason instanceof GatewayError ? signal.reason : new GatewayError('CANCELLED', 'the session was given up');
