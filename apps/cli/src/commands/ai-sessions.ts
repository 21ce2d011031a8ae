import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer, pathOf } from '../options.js';
import { plain, plainLine } from '../plain-text.js';
import { sheet, table } from '../table.js';

interface Message {
  readonly seq: number;
  readonly kind: string;
  readonly text: string | null;
}

interface ToolCall {
  readonly tool_use_id: string;
  readonly name: string;
  readonly message: number | null;
  readonly input: string | null;
  readonly outcome: string | null;
  readonly refusal: string | null;
  readonly agrees: boolean | null;
}

interface Turn {
  readonly client_turn: string;
  readonly origin: string;
  readonly started_at: string;
  readonly untrusted_by: string | null;
  readonly messages: readonly Message[];
  readonly tool_calls: readonly ToolCall[];
}

interface AiSession extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly person?: string;
  readonly client?: string;
  readonly client_session?: string;
  readonly last_seen_at?: string;
  readonly ended_at?: string | null;
  readonly killed?: { readonly at: string; readonly reason: string | null } | null;
  readonly turns?: number;
  readonly tool_calls?: number;
  readonly latest_turns?: readonly Turn[];
}

const stateOf = ({ killed, ended_at: ended }: AiSession): string => {
  if (killed) return 'killed';
  return ended ? 'ended' : 'open';
};

const said = ({ kind, text }: Message): string => `  ${plainLine(kind)}: ${plainLine(text ?? '(erased)')}\n`;

const called = ({ name, tool_use_id: id, input, outcome, refusal, agrees }: ToolCall): string => {
  const state = refusal === null ? (outcome ?? 'running') : `refused: ${refusal}`;
  const doubt = agrees === false ? ', the witnesses tell different inputs' : '';
  return `    ${plainLine(name)} ${plainLine(id)} (${plainLine(state)}${doubt}): ${plainLine(input ?? '(erased)')}\n`;
};

const turnText = (turn: Turn): string => {
  const head = `turn ${plainLine(turn.client_turn)} (${plainLine(turn.origin)}, ${plainLine(turn.started_at)})`;
  const outside = turn.untrusted_by ? `, has read what strangers write, by ${plainLine(turn.untrusted_by)}` : '';
  const after = (seq: number | null): string =>
    turn.tool_calls
      .filter(({ message }) => message === seq)
      .map(called)
      .join('');
  return `${head}${outside}\n${after(null)}${turn.messages.map((message) => said(message) + after(message.seq)).join('')}`;
};

const inFull = ({ latest_turns: turns = [], killed, ...facts }: AiSession): string => {
  const end = killed ? { killed: `${killed.at}: ${killed.reason ?? '(erased)'}` } : {};
  return plain(`${sheet({ ...facts, ...end })}\n${turns.map(turnText).join('\n')}`);
};

export const addAiSessions = (program: Command): void => {
  const group = program.command('ai-sessions').description('conversations of AI clients, and how to end one for good');
  command(group, 'list', 'AI sessions, the latest first', async (call: Invocation<{ limit?: number }>) => {
    const all = await call.api.all<AiSession>('/v1/ai-sessions', {}, call.options.limit ?? 50);
    call.show(all, () =>
      table(all, {
        id: (s) => s.id,
        client: (s) => s.client,
        'its own id': (s) => s.client_session,
        state: stateOf,
        turns: (s) => s.turns,
        'tool calls': (s) => s.tool_calls,
        seen: (s) => s.last_seen_at,
      }),
    );
  }).option('--limit <number>', 'at most so many', integer);
  command(group, 'show <ai-session>', 'what it was told, and the tools that it called', async (call, id) => {
    const session = await call.api.get<AiSession>(pathOf('/v1/ai-sessions', id));
    call.show(session, () => inFull(session));
  });
  command(
    group,
    'kill <ai-session>',
    'end it for good: every session and ticket of it, on every connection, at once (admin, or your own)',
    async (call: Invocation<{ reason?: string }>, id) => {
      const reason = call.options.reason?.trim();
      if (!reason)
        throw new GatewayError('INVALID_INPUT', 'ending an AI session needs a reason', {
          hint: 'add --reason "…": it is kept with your name',
        });
      const killed = await call.api.send<{ tickets_revoked?: number }>(
        'POST',
        `${pathOf('/v1/ai-sessions', id)}/kill`,
        { reason },
      );
      call.show(killed, () => `ended ${plainLine(id)} for good; tickets revoked: ${killed?.tickets_revoked ?? 0}\n`);
    },
  ).option('--reason <text>', 'why (required)');
};
