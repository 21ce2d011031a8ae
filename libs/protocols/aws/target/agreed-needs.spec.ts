/** Both gates on one request of every operation: what gate one decides about is what the agent derives. */
import { describeCall, identify, loadCatalogue } from '@sallyport/aws';
import { loadParser } from '@sallyport/sql';
import { peer } from '@sallyport/testkit';
import { expect, test } from 'vitest';
import { addressingOf, scopeOf, wireOf, writtenRequests } from '../../../aws/catalogue/botocore.fixture.js';
import { agreedNeeds } from './agreed-needs.js';

const opened = { partition: 'aws', account: '111122223333', region: 'eu-west-1' };

test('what botocore writes is decided about as the agent derives it', { timeout: 400_000 }, async (context) => {
  const requests = await writtenRequests(peer('boto3', context), []);
  await loadParser();
  const catalogue = loadCatalogue();
  const disagreed: string[] = [];
  let agreed = 0;
  for (const written of requests) {
    const [request, scope, { bucket }] = [wireOf(written), scopeOf(written), addressingOf(written)];
    const addressing = bucket === undefined ? {} : { bucket };
    const decided = identify(catalogue, request, scope, addressing);
    if (!decided.identified) continue;
    const circumstances = { ...opened, region: scope.region, bodyStreams: false, presigned: false, addressing };
    const { actions, resources } = describeCall(decided, request, { ...circumstances, hide: () => undefined });
    const sent = bucket === undefined ? request : { ...request, path: `/${bucket}${request.path}` };
    const again = identify(catalogue, sent, scope, { service: decided.service });
    if (!again.identified || again.operation !== decided.operation) continue; // refused before it comes to this
    const head = { region: scope.region, addressing: {}, actions, resources };
    try {
      agreedNeeds({ identified: again, request: sent, head, opened });
      agreed += 1;
    } catch (error) {
      disagreed.push(`${decided.service}:${decided.operation} ${String(error)}`);
    }
  }
  expect(disagreed).toEqual([]);
  expect(agreed / requests.length).toBeGreaterThan(0.99);
});
