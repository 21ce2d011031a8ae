import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from './gate.js';
import { dim, indented, line } from './print.js';
import { expect, type Stage } from './stage.js';

interface Review {
  readonly id: string;
  readonly preview: string;
  readonly state: string;
  readonly requested_by: { readonly name: string };
}

const waitingReview = async (reviewer: Gate, of: string): Promise<Review> => {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(200)) {
    const { items } = await reviewer.get<{ items: Review[] }>('/v1/reviews?state=pending');
    const found = items.find(({ preview }) => preview.includes(of));
    if (found) return found;
  }
  throw new Error('no review was asked for within 30 s');
};

/**
 * The reviewer's part, with the attempt of her who asks to do it herself.
 * @param of in the review's preview
 * @returns what the reviewer was shown
 */
export const approve = async ({ ada, ravi }: Stage, of: string, reason: string): Promise<string> => {
  const { id, preview, requested_by } = await waitingReview(ravi, of);
  line(indented(dim(`ravi sees review ${id}, asked for by ${requested_by.name}:`)));
  line(indented(dim(preview), 7));
  const own = await ada.ask('POST', `/v1/reviews/${id}/verdict`, { verdict: 'approve', reason: 'I need it' });
  expect(own.status === 403 || own.status === 404, `ada settled her own review (${own.status})`);
  line(indented('ada tries to approve it herself: refused'));
  const { state } = await ravi.post<Review>(`/v1/reviews/${id}/verdict`, { verdict: 'approve', reason });
  line(indented(`ravi approves it, for a reason that is kept: now ${state}`));
  return preview;
};
