import { sallyport } from '../cli.js';
import { dim, indented, line } from '../print.js';
import { expect, type Scene, type Stage } from '../stage.js';
import { expectMasked } from './select.js';

interface Session {
  readonly id: string;
}

const asGrace = async ({ ada, token }: Stage): Promise<Record<string, string>> => ({
  SALLYPORT_URL: ada.url,
  SALLYPORT_TOKEN: await token('grace'),
});

/** The session of the deletion: the latest one. */
export const latestSession = async (stage: Stage): Promise<string> => {
  const { status, out, err } = await sallyport(
    stage.folder,
    ['sessions', 'list', '--limit', '1', '--json'],
    await asGrace(stage),
  );
  expect(status === 0, err);
  const [session] = JSON.parse(out) as Session[];
  expect(session !== undefined, 'no session is on record');
  return session!.id;
};

export const replay: Scene = {
  title: 'The session is replayed from the record',
  async play(stage) {
    const session = await latestSession(stage);
    line(indented(dim(`$ sallyport sessions replay ${session}`)));
    const { status, out, err } = await sallyport(stage.folder, ['sessions', 'replay', session], await asGrace(stage));
    expect(status === 0, err);
    line(indented(out));
    expect(out.includes('delete from orders'), 'the deletion is not in the replay');
    expectMasked(out);
  },
};
