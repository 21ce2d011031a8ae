import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { integer, pathOf } from '../options.js';
import { replayText } from '../replay.js';
import { sheet, table } from '../table.js';

interface Session extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly connection?: string;
  readonly database?: string;
  readonly identity?: unknown;
  readonly started_at?: string;
  readonly ended_at?: string | null;
  readonly operations?: unknown;
}

interface ListOptions {
  readonly limit?: number;
  readonly connection?: string;
}

export const addSessions = (program: Command): void => {
  const group = program.command('sessions').description('who did what');
  command(group, 'list', 'sessions, the latest first', async (call: Invocation<ListOptions>) => {
    const all = await call.api.all<Session>(
      '/v1/sessions',
      { connection: call.options.connection },
      call.options.limit ?? 50,
    );
    call.show(all, () =>
      table(all, {
        id: (s) => s.id,
        who: (s) => s.identity,
        connection: (s) => s.connection,
        database: (s) => s.database,
        started: (s) => s.started_at,
        ended: (s) => s.ended_at,
      }),
    );
  })
    .option('--limit <number>', 'at most so many', integer)
    .option('--connection <name>', 'of this connection');
  command(group, 'show <session>', 'a session and its operations', async (call, id) => {
    const session = await call.api.get<Session>(pathOf('/v1/sessions', id));
    const operations = await call.api.all<Record<string, unknown>>(`${pathOf('/v1/sessions', id)}/operations`);
    call.show({ ...session, operations }, () => `${sheet(session)}\n${replayText(operations)}`);
  });
  command(
    group,
    'replay <session>',
    'the session as it went: statements, decisions, outcomes and what was recorded of the answers',
    async (call, id) => {
      const replay = await call.api.all<unknown>(`${pathOf('/v1/sessions', id)}/replay`, {}, Number.POSITIVE_INFINITY);
      call.show(replay, () => replayText(replay));
    },
  );
  command(group, 'end <session>', 'end a session at once (admin, or your own)', async (call, id) => {
    await call.api.send('DELETE', pathOf('/v1/sessions', id));
    call.show({ ended: id }, () => `ended ${id}\n`);
  });
};
