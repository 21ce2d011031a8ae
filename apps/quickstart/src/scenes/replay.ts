import { setTimeout as sleep } from 'node:timers/promises';
import { sallyport } from '../cli.js';
import { dim, indented, line } from '../print.js';
import { expect, type Scene, type Stage } from '../stage.js';
import { expectMasked } from './select.js';

const asGrace = async ({ ada, token }: Stage): Promise<Record<string, string>> => ({
  SALLYPORT_URL: ada.url,
  SALLYPORT_TOKEN: await token('grace'),
});

interface UsedReview {
  readonly session: string;
  readonly preview: string;
  readonly created_at: string;
}

/** The session of the deletion: the one whose review was used last. */
export const deletionSession = async ({ ravi }: Stage): Promise<string> => {
  const { items } = await ravi.get<{ items: UsedReview[] }>('/v1/reviews?state=consumed');
  const [last] = items
    .filter(({ preview }) => preview.includes('delete from orders'))
    .sort((one, other) => other.created_at.localeCompare(one.created_at));
  if (last === undefined) throw new Error('no approval of the deletion is on record');
  return last.session;
};

/** The record is there before anything runs; what people read is made of it a moment later. */
const replayed = async (stage: Stage, session: string): Promise<string> => {
  for (let tries = 0; ; tries += 1) {
    const { status, out, err } = await sallyport(stage.folder, ['sessions', 'replay', session], await asGrace(stage));
    if (status === 0 && out.includes('session.ended')) return out;
    expect(tries < 30, status === 0 ? 'the session has no end on record' : err);
    await sleep(1_000);
  }
};

export const replay: Scene = {
  title: 'The session is replayed from the record',
  async play(stage) {
    const session = await deletionSession(stage);
    line(indented(dim(`$ sallyport sessions replay ${session}`)));
    const out = await replayed(stage, session);
    line(indented(out));
    expect(out.includes('delete from orders'), 'the deletion is not in the replay');
    expectMasked(out);
  },
};
