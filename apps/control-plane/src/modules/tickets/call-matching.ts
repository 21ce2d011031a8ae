import { Injectable } from '@nestjs/common';
import { Clock, rowsOf, type Sql } from '../../platform/index.js';
import type { AiSessionRow, ToolCallRow } from '../ai-sessions/ai-session-rows.js';
import { inputContext, type PersonalText, PersonalTexts } from '../ai-sessions/personal-texts.js';
import { ToolCalls } from '../ai-sessions/tool-calls.service.js';
import { comparable, inputOfText } from '../ai-sessions/tool-input.js';
import { Turns } from '../ai-sessions/turns.service.js';
import type { AttributedCall, Claims } from './attribution.js';
import { isPartOf, runs } from './running-command.js';

/** How long what a call has left in the background may ask for tickets. */
const backgroundMs = 12 * 3_600_000;

export interface Matched {
  readonly row: ToolCallRow;
  readonly call: AttributedCall;
}

/** From a command that runs to the tool call that runs it, as witnesses have told of it. */
@Injectable()
export class CallMatching {
  constructor(
    private readonly calls: ToolCalls,
    private readonly turns: Turns,
    private readonly texts: PersonalTexts,
    private readonly clock: Clock,
  ) {}

  async find(sql: Sql, session: AiSessionRow, claims: Claims): Promise<Matched | undefined> {
    const personal = await this.texts.of(session.person_id);
    const scene = { sql, session, personal };
    if (claims.toolCall !== undefined) return this.byId(scene, claims.toolCall, claims.command);
    if (claims.command === undefined) return undefined;
    return (await this.byMark(scene, claims.command)) ?? (await this.byText(scene, claims.command));
  }

  /** @param command absent where the client runs none: then the id alone is what it shows */
  private async byId({ sql, session, personal }: Scene, id: string, command?: string): Promise<Matched | undefined> {
    const row = await this.calls.find(sql, session.id, id);
    if (row === undefined) return undefined;
    const input = inputOf(personal, row);
    if (!this.isOpen(row, input)) return undefined;
    if (command === undefined) return { row, call: { id: row.id, isAmbiguous: false, outlives: input.outlives } };
    const mark = personal.fingerprint('command', comparable(command));
    const isTold = [row.hook_command_hmac, row.model_command_hmac].some((told) => told?.equals(mark) === true);
    const own = input.command;
    const isRun = own !== undefined && (runs(command, own) || isPartOf(command, own));
    if (!isTold && !isRun) return undefined;
    return matched(row, { mark: isTold ? mark : markOf(row), isAmbiguous: false, outlives: input.outlives });
  }

  private async byMark({ sql, session, personal }: Scene, command: string): Promise<Matched | undefined> {
    const rows = await this.calls.byCommand(sql, session, command);
    const open = rows.flatMap((row) => {
      const { outlives, ...input } = inputOf(personal, row);
      return this.isOpen(row, { outlives, ...input }) ? [{ row, outlives }] : [];
    });
    const under = await this.ofCurrentTurn(sql, session, open);
    const chosen = await this.leastUsed(sql, under);
    if (chosen === undefined) return undefined;
    const mark = personal.fingerprint('command', comparable(command));
    const isAmbiguous = under.filter(({ row }) => row.finished_at === null).length > 1;
    return matched(chosen.row, { mark, isAmbiguous, outlives: chosen.outlives });
  }

  /** The client has sent more than the command: the longest one that is in it. */
  private async byText({ sql, session, personal }: Scene, line: string): Promise<Matched | undefined> {
    const found = (await this.calls.pending(sql, session.id)).flatMap((row) => {
      const { command, outlives } = inputOf(personal, row);
      return command !== undefined && runs(line, command) ? [{ row, command, outlives }] : [];
    });
    const longest = Math.max(...found.map(({ command }) => command.length));
    const under = await this.ofCurrentTurn(
      sql,
      session,
      found.filter(({ command }) => command.length === longest),
    );
    const chosen = await this.leastUsed(sql, under);
    if (chosen === undefined) return undefined;
    return matched(chosen.row, { mark: markOf(chosen.row), isAmbiguous: under.length > 1, outlives: chosen.outlives });
  }

  /** A call is over when its end was told, but for what it was to leave behind. */
  private isOpen({ finished_at, asked_at, proposed_at }: ToolCallRow, { outlives }: Input): boolean {
    if (finished_at === null) return true;
    const began = Math.max(asked_at?.getTime() ?? 0, proposed_at?.getTime() ?? 0);
    return outlives && this.clock.now().getTime() - began < backgroundMs;
  }

  /** A call whose end nobody has told stays open for ever: what is asked now is rather of the turn that goes on. */
  private async ofCurrentTurn<T extends { readonly row: ToolCallRow }>(
    sql: Sql,
    session: AiSessionRow,
    open: readonly T[],
  ): Promise<readonly T[]> {
    if (open.length < 2) return open;
    const current = await this.turns.current(sql, session.id);
    const now = open.filter(({ row }) => row.turn_id === current?.id);
    return aboutToRun(now.length > 0 ? now : open);
  }

  /** Of calls that nobody can tell apart, each gets its tickets before one gets them twice. */
  private async leastUsed<T extends { readonly row: ToolCallRow }>(
    sql: Sql,
    open: readonly T[],
  ): Promise<T | undefined> {
    if (open.length < 2) return open[0];
    const used = await rowsOf<{ id: string }>(
      sql,
      'select distinct ai_tool_call_id as id from tickets where ai_tool_call_id = any ($1::uuid[])',
      [open.map(({ row }) => row.id)],
    );
    return open.find(({ row }) => !used.some(({ id }) => id === row.id)) ?? open[0];
  }
}

/** Of several calls that a model has made at once, the client runs one after the other, and asks its hook before each. */
const aboutToRun = <T extends { readonly row: ToolCallRow }>(open: readonly T[]): readonly T[] => {
  const asked = open.filter(({ row }) => row.asked_at !== null);
  return asked.length > 0 ? asked : open;
};

interface Scene {
  readonly sql: Sql;
  readonly session: AiSessionRow;
  readonly personal: PersonalText;
}

interface Input {
  readonly command?: string;
  readonly outlives: boolean;
}

const matched = (
  row: ToolCallRow,
  { mark, isAmbiguous, outlives }: { mark: Buffer | null; isAmbiguous: boolean; outlives: boolean },
): Matched => ({ row, call: { id: row.id, isAmbiguous, outlives, ...(mark === null ? {} : { command: mark }) } });

/** What a line that runs this call's command is matched by: what the client was asked to run, else what the model asked for. */
const markOf = ({ hook_command_hmac, model_command_hmac }: ToolCallRow): Buffer | null =>
  hook_command_hmac ?? model_command_hmac;

function inputOf(personal: PersonalText, row: ToolCallRow): Input {
  const text = personal.open(inputContext(row.id), row.input);
  if (text === undefined) return { outlives: false };
  const { command } = inputOfText(text);
  return {
    outlives: inBackground.has(row.name) || isInBackground(text),
    ...(command === undefined ? {} : { command }),
  };
}

/** Claude Code tells their end as soon as they have begun. */
const inBackground: ReadonlySet<string> = new Set(['Monitor']);

function isInBackground(text: string): boolean {
  try {
    const input: unknown = JSON.parse(text);
    return (
      typeof input === 'object' && input !== null && 'run_in_background' in input && input.run_in_background === true
    );
  } catch {
    return false; // it was cut, or is no JSON
  }
}
