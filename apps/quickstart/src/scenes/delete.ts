import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { connect } from '../client.js';
import type { Gate } from '../gate.js';
import { dim, indented, line } from '../print.js';
import { expect, type Scene } from '../stage.js';

// Run twice it would delete two rows: the count afterwards tells.
const sql = 'delete from orders where id in (select id from orders order by id limit 1)';

interface Review {
  readonly id: string;
  readonly preview: string;
  readonly state: string;
  readonly requested_by: { readonly name: string };
}

const count = async (client: pg.Client): Promise<number> =>
  (await client.query<{ n: number }>('select count(*)::int as n from orders')).rows[0]!.n;

const waitingReview = async (reviewer: Gate): Promise<Review> => {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(200)) {
    const { items } = await reviewer.get<{ items: Review[] }>('/v1/reviews?state=pending');
    const found = items.find(({ preview }) => preview.includes('delete from orders'));
    if (found) return found;
  }
  throw new Error('no review was asked for within 30 s');
};

const approve = async (ada: Gate, ravi: Gate): Promise<void> => {
  const review = await waitingReview(ravi);
  line(indented(dim(`ravi sees review ${review.id}, asked for by ${review.requested_by.name}:`)));
  line(indented(dim(review.preview), 7));
  const own = await ada.ask('POST', `/v1/reviews/${review.id}/verdict`, { verdict: 'approve', reason: 'I need it' });
  expect(own.status === 403 || own.status === 404, `ada settled her own review (${own.status})`);
  line(indented('ada tries to approve it herself: refused'));
  const { state } = await ravi.post<Review>(`/v1/reviews/${review.id}/verdict`, {
    verdict: 'approve',
    reason: 'quickstart: one old order',
  });
  line(indented(`ravi approves it, for a reason that is kept: now ${state}`));
};

export const deletion: Scene = {
  title: 'A DELETE waits, is approved by the reviewer, and runs exactly once',
  async play({ ada, ravi }) {
    const client = await connect(ada, (notice) => line(indented(`NOTICE:  ${notice}`)));
    try {
      const before = await count(client);
      line(indented(`ada=> ${sql};`));
      const running = client.query(sql);
      const [{ rowCount }] = await Promise.all([running, approve(ada, ravi)]);
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
