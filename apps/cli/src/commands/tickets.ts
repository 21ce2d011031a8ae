import type { Command } from 'commander';
import { command } from '../cli.js';
import { pathOf } from '../options.js';
import { table } from '../table.js';

interface TicketRow {
  readonly id: string;
  readonly connection?: string;
  readonly issued_at?: string;
  readonly assurance?: string;
  readonly expires_at?: string;
  readonly ai_session?: string;
}

export const addTickets = (program: Command): void => {
  const group = program.command('tickets').description('the short-lived credentials that clients use');
  command(group, 'list', 'your tickets', async (call) => {
    const all = await call.api.all<TicketRow>('/v1/tickets');
    call.show(all, () =>
      table(all, {
        id: (t) => t.id,
        connection: (t) => t.connection,
        'ai session': (t) => t.ai_session,
        level: (t) => t.assurance,
        made: (t) => t.issued_at,
        'usable until': (t) => t.expires_at,
      }),
    );
  });
  command(group, 'revoke <ticket>', 'end a ticket and its sessions at once', async (call, id) => {
    await call.api.send('DELETE', pathOf('/v1/tickets', id));
    call.show({ revoked: id }, () => `revoked ${id}\n`);
  });
};
