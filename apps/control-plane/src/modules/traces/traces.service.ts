import { Injectable } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { rowOf } from '../../platform/index.js';
import type { AiSessionRow, ToolCallRow, TurnRow } from '../ai-sessions/ai-session-rows.js';
import { Leaves, TraceLeaves } from './trace-leaves.js';
import {
  callsOf,
  type LinkedOperation,
  messagesOf,
  mostOperations,
  mostTurns,
  operationsOfAiSession,
  type ToldTurn,
  turnsOf,
} from './trace-rows.js';
import { type Subject, TraceSubjects } from './trace-subject.js';
import { earlyMs, isModelRequest, type Placed, placed } from './trace-tree.js';
import type { AiSessionBranch, ToolCallBranch, TraceKind, TraceView, TurnBranch } from './trace-view.js';

interface Grown {
  readonly branch: AiSessionBranch;
  readonly elsewhere: readonly LinkedOperation[];
  readonly leaves: Leaves;
  readonly truncated: boolean;
}

/** From a prompt to what came of it, and back. */
@Injectable()
export class Traces {
  constructor(
    private readonly database: DataSource,
    private readonly subjects: TraceSubjects,
    private readonly leaves: TraceLeaves,
  ) {}

  /** @throws GatewayError NOT_FOUND for what is not there and for what the caller may not see; CONFLICT */
  async find(caller: Identity, kind: TraceKind, id: string): Promise<TraceView> {
    const subject = await this.subjects.find(caller, kind, id);
    const of = { kind: subject.kind, id: subject.id };
    const identity = await this.identityOf(subject.person);
    if (subject.aiSession === undefined) {
      const operations = (subject.operations ?? []).slice(0, mostOperations);
      const leaves = await this.leaves.of(subject.person, identity?.name ?? '', operations);
      const truncated = (subject.operations?.length ?? 0) > mostOperations;
      return {
        of,
        identity,
        ai_session: null,
        operations: operations.map((each) => leaves.operation(each)),
        truncated,
      };
    }
    const { branch, elsewhere, leaves, truncated } = await this.grow(subject, subject.aiSession, identity?.name ?? '');
    return { of, identity, ai_session: branch, operations: elsewhere.map((each) => leaves.operation(each)), truncated };
  }

  private identityOf(person: string): Promise<TraceView['identity']> {
    return rowOf<NonNullable<TraceView['identity']>>(
      this.database,
      'select id, class, name from people where id::text = $1',
      [person],
    ).then((row) => row ?? null);
  }

  private async grow(subject: Subject, session: AiSessionRow, person: string): Promise<Grown> {
    const { operations, turns, calls } = await this.gathered(subject, session);
    const places = placed(operations.slice(0, mostOperations), turns, calls);
    const shown = shownOf(subject, places, { turns, calls });
    const leaves = await this.leaves.of(session.person_id, person, shown.operations, shown.calls);
    const branch: AiSessionBranch = {
      id: session.id,
      client: session.client,
      client_session: session.client_session,
      first_seen_at: session.first_seen_at.toISOString(),
      killed_at: session.killed_at?.toISOString() ?? null,
      turns: await this.turnBranches(shown, places.byCall, leaves),
    };
    const truncated = operations.length > mostOperations || turns.length > mostTurns;
    return { branch, elsewhere: shown.elsewhere, leaves, truncated };
  }

  /** What is asked for may be long ago: nothing that is newer keeps it out. */
  private async gathered(subject: Subject, session: AiSessionRow): Promise<Gathered> {
    const { database } = this;
    const last = subject.operations?.at(-1)?.at;
    const by = last ? new Date(last.getTime() + earlyMs) : null;
    const turns = await turnsOf(database, session.id, { turn: subject.turn ?? null, by });
    const calls = await callsOf(
      database,
      turns.map(({ id }) => id),
    );
    const begun = subject.turn === undefined ? undefined : turns[0]?.started_at;
    const since = begun && new Date(begun.getTime() - earlyMs);
    const operations = subject.operations ?? (await operationsOfAiSession(database, session, since));
    return { operations, turns, calls };
  }

  private async turnBranches(
    { turns, calls, inTurn }: Shown,
    byCall: ReadonlyMap<string, readonly LinkedOperation[]>,
    leaves: Leaves,
  ): Promise<TurnBranch[]> {
    const messages = await messagesOf(
      this.database,
      turns.map(({ id }) => id),
    );
    const branches = await this.callBranches(calls, byCall, leaves);
    return turns.map((turn) => {
      const operations = inTurn.get(turn.id) ?? [];
      return {
        ...turnHead(turn),
        messages: messages.filter(({ turn_id }) => turn_id === turn.id).map((message) => leaves.message(message)),
        model: operations.filter(isModelRequest).map((each) => leaves.operation(each)),
        tool_calls: branches.filter(({ turn: of }) => of === turn.id).map(({ branch }) => branch),
        operations: operations.filter((each) => !isModelRequest(each)).map((each) => leaves.operation(each)),
      };
    });
  }

  private async callBranches(
    calls: readonly ToolCallRow[],
    byCall: ReadonlyMap<string, readonly LinkedOperation[]>,
    leaves: Leaves,
  ): Promise<{ readonly turn: string; readonly branch: ToolCallBranch }[]> {
    const branches = [];
    for (const call of calls) {
      const operations = (byCall.get(call.id) ?? []).map((each) => leaves.operation(each));
      branches.push({ turn: call.turn_id, branch: { ...(await this.leaves.call(call, leaves)), operations } });
    }
    return branches;
  }
}

interface Gathered {
  readonly operations: readonly LinkedOperation[];
  readonly turns: readonly ToldTurn[];
  readonly calls: readonly ToolCallRow[];
}

/** The part of what was gathered that is asked for. */
interface Shown extends Gathered {
  readonly inTurn: ReadonlyMap<string, readonly LinkedOperation[]>;
  readonly elsewhere: readonly LinkedOperation[];
}

function shownOf(subject: Subject, places: Placed, known: Pick<Gathered, 'turns' | 'calls'>): Shown {
  const wanted = wantedOf(subject, places, known.calls);
  const turns = known.turns.filter(({ id }) => wanted.turns?.has(id) ?? true).slice(-mostTurns);
  const calls = known.calls.filter(({ id }) => wanted.calls?.has(id) ?? true);
  const inTurn = subject.call === undefined ? places.byTurn : new Map<string, LinkedOperation[]>();
  const elsewhere = wanted.turns === undefined || subject.operations !== undefined ? places.elsewhere : [];
  const operations = [
    ...turns.flatMap(({ id }) => inTurn.get(id) ?? []),
    ...calls.flatMap(({ id }) => places.byCall.get(id) ?? []),
    ...elsewhere,
  ];
  return { operations, turns, calls, inTurn, elsewhere };
}

/** Which turns and calls are shown; undefined means all of them. */
interface Wanted {
  readonly turns?: ReadonlySet<string>;
  readonly calls?: ReadonlySet<string>;
}

function wantedOf(subject: Subject, places: Placed, calls: readonly ToolCallRow[]): Wanted {
  if (subject.operations !== undefined) {
    const turnOfCall = new Map(calls.map(({ id, turn_id }) => [id, turn_id]));
    const ofCalls = [...places.byCall.keys()];
    return {
      calls: new Set(ofCalls),
      turns: new Set([...places.byTurn.keys(), ...ofCalls.map((id) => turnOfCall.get(id)!)]),
    };
  }
  if (subject.call !== undefined) return { calls: new Set([subject.call]), turns: new Set([subject.turn!]) };
  if (subject.turn !== undefined) return { turns: new Set([subject.turn]) };
  return {};
}

const turnHead = (turn: TurnRow): Omit<TurnBranch, 'messages' | 'model' | 'tool_calls' | 'operations'> => ({
  id: turn.id,
  client_turn: turn.client_turn,
  origin: turn.origin,
  parent: turn.parent_turn_id,
  trace_id: turn.trace_id,
  started_at: turn.started_at.toISOString(),
  ended_at: turn.ended_at?.toISOString() ?? null,
  untrusted:
    turn.untrusted_at === null ? null : { by: turn.untrusted_by ?? 'a tool', at: turn.untrusted_at.toISOString() },
});
