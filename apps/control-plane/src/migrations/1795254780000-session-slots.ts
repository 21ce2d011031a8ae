import type { MigrationInterface, QueryRunner } from 'typeorm';

// One taker of the same ticket or connection at a time, or two could both see the last place free. Answers what is full,
// null when the place was taken.
const take = `
  create function gateway_take_slot(
    new_session uuid, its_ticket uuid, ticket_most integer, its_connection uuid, connection_most integer, stale_seconds double precision
  ) returns text language plpgsql as $$
  declare
    of_ticket integer;
    of_connection integer;
  begin
    perform pg_advisory_xact_lock(hashtextextended(its_connection::text, 0)), pg_advisory_xact_lock(hashtextextended(its_ticket::text, 0));
    select count(*) filter (where ticket_id = its_ticket), count(*) filter (where connection_id = its_connection)
      into of_ticket, of_connection from gateway_sessions
      where (ticket_id = its_ticket or connection_id = its_connection) and seen_at > now() - make_interval(secs => stale_seconds);
    if of_ticket >= ticket_most then return 'ticket'; end if;
    if of_connection >= connection_most then return 'connection'; end if;
    insert into gateway_sessions (id, ticket_id, connection_id) values (new_session, its_ticket, its_connection);
    return null;
  end $$`;

/** Taking a place for a session in one question instead of five. */
export class SessionSlots1795254780000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(take);
    await runner.query('revoke all on function gateway_take_slot from public');
    await runner.query('grant execute on function gateway_take_slot to sallyport_app');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function gateway_take_slot');
  }
}
