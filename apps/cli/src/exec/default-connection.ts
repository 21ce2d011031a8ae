import type { Ticket } from '../ticket.js';

/** Which of a protocol's connections clients use that name none: the one that was chosen, else the only one. */
export const defaultOf = (tickets: readonly Ticket[], chosen: string | undefined): Ticket | undefined =>
  tickets.find(({ connection }) => connection === chosen) ?? (tickets.length === 1 ? tickets[0] : undefined);
