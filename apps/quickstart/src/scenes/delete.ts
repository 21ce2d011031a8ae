import type pg from 'pg';
import { connect } from '../client.js';
import { indented, line } from '../print.js';
import { approve } from '../review.js';
import { expect, type Scene } from '../stage.js';

// Run twice it would delete two rows: the count afterwards tells.
const sql = 'delete from orders where id in (select id from orders order by id limit 1)';

const count = async (client: pg.Client): Promise<number> =>
  (await client.query<{ n: number }>('select count(*)::int as n from orders')).rows[0]!.n;

export const deletion: Scene = {
  title: 'A DELETE waits, is approved by the reviewer, and runs exactly once',
  async play(stage) {
    const client = await connect(stage.ada, (notice) => line(indented(`NOTICE:  ${notice}`)));
    try {
      const before = await count(client);
      line(indented(`ada=> ${sql};`));
      const running = client.query(sql);
      const [{ rowCount }] = await Promise.all([
        running,
        approve(stage, 'delete from orders', 'quickstart: one old order'),
      ]);
      line(indented(`DELETE ${rowCount}`));
      const after = await count(client);
      line(indented(`orders before ${before}, after ${after}`));
      expect(
        rowCount === 1 && after === before - 1,
        `exactly one order should be gone: ${before} before, ${after} after`,
      );
    } finally {
      await client.end();
    }
  },
};
