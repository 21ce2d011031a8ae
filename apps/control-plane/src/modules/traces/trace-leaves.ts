import { Injectable } from '@nestjs/common';
import type { PersonId } from '@sallyport/core';
import { cloudTrailLabels } from '@sallyport/protocols';
import { DataSource } from 'typeorm';
import type { ToolCallRow, TurnMessageRow } from '../ai-sessions/ai-session-rows.js';
import { inputContext, messageContext, type PersonalText, PersonalTexts } from '../ai-sessions/personal-texts.js';
import { SubAgents } from '../ai-sessions/sub-agents.service.js';
import type { OperationView } from '../sessions/session-view.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { evidenceFor } from './trace-evidence.js';
import { type LinkedOperation, type ReviewSummaryRow, reviewsOf } from './trace-rows.js';
import type { CloudTrailKeys, MessageLeaf, ReviewLeaf, ToolCallBranch, TracedOperation } from './trace-view.js';

/** What hangs on the branches of one trace: texts opened, so far as they have not been erased. */
export class Leaves {
  /** Of sub-agents, as far as they were looked up. */
  readonly paths = new Map<string, string>();

  constructor(
    readonly personal: PersonalText,
    private readonly person: string,
    private readonly views: ReadonlyMap<string, OperationView>,
    private readonly reviews: ReadonlyMap<string, ReviewSummaryRow>,
    private readonly calls: ReadonlyMap<string, ToolCallRow>,
  ) {}

  operation(operation: LinkedOperation): TracedOperation {
    const { id, session_id, connection_name, protocol, review_id, join_key, call_id } = operation;
    const review = review_id === null ? undefined : this.reviews.get(review_id);
    return {
      ...this.views.get(id)!,
      session: session_id,
      connection: connection_name,
      protocol,
      evidence: evidenceFor(operation, this.calls.get(call_id ?? '')),
      review: review === undefined ? null : reviewLeaf(review),
      join_key,
      cloud_trail: this.cloudTrail(operation),
    };
  }

  message({ turn_id, seq, kind, source, text, expands, at, confirmed_at }: TurnMessageRow): MessageLeaf {
    return {
      number: seq,
      kind,
      source,
      text: this.personal.open(messageContext(turn_id, seq), text) ?? null,
      expands,
      at: at.toISOString(),
      confirmed_at: confirmed_at?.toISOString() ?? null,
    };
  }

  /** As the agent has told STS: see libs/protocols/aws/target/scoping/attribution.ts. */
  private cloudTrail({ protocol, join_key, scoped, session_id }: LinkedOperation): CloudTrailKeys | null {
    if (protocol !== 'aws' || join_key === null) return null;
    if (scoped !== 'role' && scoped !== 'narrowed')
      return { request_id: join_key, role_session_name: null, source_identity: null };
    const { roleSessionName, sourceIdentity } = cloudTrailLabels({ session: session_id, person: this.person });
    return { request_id: join_key, role_session_name: roleSessionName, source_identity: sourceIdentity };
  }
}

@Injectable()
export class TraceLeaves {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: SessionsService,
    private readonly texts: PersonalTexts,
    private readonly agents: SubAgents,
  ) {}

  /** @param name what people call the person, and CloudTrail */
  async of(
    person: string,
    name: string,
    operations: readonly LinkedOperation[],
    calls: readonly ToolCallRow[] = [],
  ): Promise<Leaves> {
    const reviews = await reviewsOf(this.database, [
      ...new Set(operations.flatMap(({ review_id }) => review_id ?? [])),
    ]);
    return new Leaves(
      await this.texts.of(person as PersonId),
      name,
      await this.sessions.viewsOf(operations),
      new Map(reviews.map((review) => [review.id, review])),
      new Map(calls.map((call) => [call.id, call])),
    );
  }

  async call(call: ToolCallRow, { personal, paths }: Leaves): Promise<Omit<ToolCallBranch, 'operations'>> {
    const { proposed_at, proposed_operation, asked_at, span_id, agrees, finished_at, agent_id } = call;
    return {
      id: call.id,
      tool_use_id: call.tool_use_id,
      name: call.name,
      agent: agent_id === null ? null : await this.pathOf(call.ai_session_id, agent_id, paths),
      message: call.message_seq,
      input: personal.open(inputContext(call.id), call.input) ?? null,
      witnesses: {
        model: proposed_at === null ? null : { at: proposed_at.toISOString(), operation: proposed_operation! },
        hook: asked_at === null ? null : { at: asked_at.toISOString() },
        telemetry: span_id === null ? null : { span_id },
        agree: agrees,
      },
      outcome: call.outcome,
      finished_at: finished_at?.toISOString() ?? null,
      refusal: call.refusal,
    };
  }

  /** Many calls are of the same sub-agent. */
  private async pathOf(session: string, agent: string, paths: Map<string, string>): Promise<string> {
    const path = paths.get(agent) ?? (await this.agents.pathOf(this.database, session, agent));
    paths.set(agent, path);
    return path;
  }
}

const reviewLeaf = ({ id, state, votes }: ReviewSummaryRow): ReviewLeaf => ({
  id,
  state,
  votes: votes.map(({ voter_name, verdict, reason, at }) => ({
    by: voter_name,
    verdict,
    reason,
    at: new Date(at).toISOString(),
  })),
});
