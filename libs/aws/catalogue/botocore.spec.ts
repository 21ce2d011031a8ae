import { peer, type SkippableTest } from '@sallyport/testkit';
import { expect, test } from 'vitest';
import type { Addressing, Identification, OperationName } from '../types.js';
import { onlyReads } from './access.fixture.js';
import {
  addressingOf,
  askedFor,
  type ResolvedEndpoint,
  releaseOf,
  resolvedEndpoints,
  scopeOf,
  type WrittenRequest,
  wireOf,
  writtenRequests,
} from './botocore.fixture.js';
import { catalogue } from './calls.fixture.js';
import { endpointOf, identify, needsBody } from './index.js';
import { operationsOf, withEndpoint, withoutEndpoint } from './known-differences.fixture.js';

// Every service, every operation: botocore takes about half a minute of two cores to write them, once for all tests here.
const patience = 400_000;

const once = <T>(make: (python: string) => Promise<T>): ((context: SkippableTest) => Promise<T>) => {
  let made: Promise<T> | undefined;
  return (context) => (made ??= make(peer('boto3', context)));
};

/** Another release has services that are gone since, and other rules: CI installs the one that the data is built from. */
const isOurs = (context: SkippableTest): boolean => releaseOf(peer('boto3', context)) === catalogue.endpoints.botocore;

interface Told {
  readonly request: WrittenRequest;
  /** As a client with an endpoint of each service has it. */
  readonly hinted: Identification;
  /** As the credential scope alone tells. */
  readonly bare: Identification;
}

/** With the region that the client is set to: a global service signs for another. */
interface Located extends Told {
  readonly region: string;
}

const tell = (request: WrittenRequest): Told => {
  const told = (addressing: Addressing) => identify(catalogue, wireOf(request), scopeOf(request), addressing);
  const bucket = addressingOf(request);
  return { request, hinted: told({ ...bucket, service: request.service }), bare: told(bucket) };
};

/** To AWS's own host names, S3's buckets as virtual hosts; once more where optional members travel outside the body. */
const everything = once(async (python) =>
  (await writtenRequests(python, ['--every']))
    .filter(({ service, operation }) => catalogue.operation(service, operation))
    .map(tell),
);

/** To an endpoint of a person's own, where S3's buckets are in the path. */
const customEndpoint = once(async (python) =>
  (await writtenRequests(python, ['--every', '--endpoint', 'http://127.0.0.1:9000', 's3', 's3control'])).map(tell),
);

const globalServices = ['iam', 'sts', 'route53', 'cloudfront', 'organizations', 's3', 's3control', 'kms', 'support'];
const elsewhere = once(async (python) => {
  const written = async (region: string): Promise<readonly Located[]> =>
    (await writtenRequests(python, ['--region', region, ...globalServices])).map((request) => ({
      region,
      ...tell(request),
    }));
  return (await Promise.all(['eu-central-1', 'cn-north-1', 'us-gov-east-1'].map(written))).flat();
});

const nameOf = ({ service, operation }: OperationName): string => `${service} ${operation}`;
const asked = (request: WrittenRequest): OperationName => ({ service: request.service, operation: askedFor(request) });
const names = (found: Identification, request: WrittenRequest): boolean =>
  found.identified && nameOf(found) === nameOf(asked(request));
const mayBe = (found: Identification, request: WrittenRequest): boolean =>
  found.identified && found.candidates.some((each) => nameOf(each) === nameOf(asked(request)));
const differing = (told: readonly Told[], same: (each: Told) => boolean): readonly string[] =>
  [...new Set(told.filter((each) => !same(each)).map(({ request }) => nameOf(asked(request))))].sort();

test('with an endpoint for each service every request is the operation that botocore wrote it for', {
  timeout: patience,
}, async (context) => {
  const told = await everything(context);
  expect(told.length).toBeGreaterThan(20_000);
  const different = differing(told, ({ hinted, request }) => names(hinted, request));
  if (isOurs(context)) expect(different).toEqual([...operationsOf(withEndpoint)].sort());
  expect(told.filter(({ hinted, request }) => names(hinted, request)).length / told.length).toBeGreaterThan(0.999);
});

test('without one the operation is a candidate, and 99.9 % have its name', { timeout: patience }, async (context) => {
  const told = await everything(context);
  const missing = differing(told, ({ bare, request }) => mayBe(bare, request));
  const sameName = ({ bare, request }: Told): boolean => bare.identified && bare.operation === askedFor(request);
  const different = differing(told, sameName);
  if (isOurs(context)) {
    expect(missing).toEqual(['cloudsearchdomain Search']);
    expect(different).toEqual([...operationsOf([...withEndpoint, ...withoutEndpoint])].sort());
  }
  expect(told.filter(sameName).length / told.length).toBeGreaterThan(0.999);
});

test('no write is taken for a read', { timeout: patience }, async (context) => {
  for (const { request, hinted, bare } of await everything(context)) {
    for (const found of [hinted, bare]) {
      if (names(found, request) || !found.identified) continue;
      const reads = await Promise.all(found.candidates.map(onlyReads));
      if (reads.every(Boolean)) expect([nameOf(asked(request)), await onlyReads(asked(request))]).toContain(true);
    }
  }
});

test('the operation is told before the body is read, and the same from a body that streams', {
  timeout: patience,
}, async (context) => {
  const wrong: string[] = [];
  const streamed = new Set<string>();
  for (const { request, hinted } of await everything(context)) {
    if (!hinted.identified) continue;
    const { body: _, ...head } = wireOf(request);
    const addressing = { ...addressingOf(request), service: request.service };
    const need = needsBody(catalogue, head, scopeOf(request), addressing);
    if (need.read === 'none') wrong.push(`${nameOf(hinted)}: ${need.reason}`);
    if (need.read !== 'stream') continue;
    streamed.add(nameOf(hinted));
    expect(identify(catalogue, head, scopeOf(request), addressing)).toEqual(hinted);
  }
  expect(wrong).toEqual([]);
  expect([...streamed]).toEqual(expect.arrayContaining(['s3 PutObject', 's3 UploadPart', 'glacier UploadArchive']));
});

test('botocore sends each request to the host that the table has, under the same signature', {
  timeout: patience,
}, async (context) => {
  const near = (await everything(context)).map((told) => ({ region: 'us-east-1', ...told }));
  const wrong: string[] = [];
  for (const { request, hinted, region } of [...near, ...(await elsewhere(context))]) {
    if (!hinted.identified || request.operation !== hinted.operation) continue;
    const { bucket } = addressingOf(request);
    const { service, operation, input } = hinted;
    const host = bucket === undefined ? request.host : request.host.slice(bucket.length + 1);
    const endpoint = endpointOf(catalogue, { service, operation, region, input });
    const found = `${endpoint.host} ${endpoint.signingName} ${endpoint.signingRegion}`;
    const sent = `${host} ${request.signingName} ${request.region}`;
    if (found !== sent) wrong.push(`${nameOf(hinted)} in ${region}: ${found}, not ${sent}`);
  }
  expect(wrong).toEqual([]);
});

test('S3 and S3 Control are told at an endpoint of a person’s own', { timeout: patience }, async (context) => {
  const told = await customEndpoint(context);
  expect(told.length).toBeGreaterThan(200);
  expect(differing(told, ({ bare, request }) => mayBe(bare, request))).toEqual([]);
  expect(told.every(({ bare, request }) => bare.identified && bare.service === request.service)).toBe(true);
});

const regions = [
  'us-east-1',
  'eu-west-1',
  'ap-southeast-5',
  'cn-north-1',
  'cn-northwest-1',
  'us-gov-east-1',
  'us-gov-west-1',
];
const isolated = ['us-iso-east-1', 'us-isob-west-1', 'eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1'];

test('every service’s endpoint in every partition is that of botocore’s rules', {
  timeout: patience,
}, async (context) => {
  if (!isOurs(context)) context.skip(`skipped: its data is of botocore ${catalogue.endpoints.botocore}`);
  const endpoints = await resolvedEndpoints(peer('boto3', context), [...regions, ...isolated]);
  expect(endpoints.length).toBeGreaterThan(20_000);
  expect(endpoints.filter((each) => !tableHas(each))).toEqual([]);
});

const tableHas = ({ service, operation, region, fips, dualstack, endpoint }: ResolvedEndpoint): boolean => {
  const { hostPrefix = '' } = catalogue.operation(service, operation)!;
  // The host's own labels are tested above; here they are the same for all.
  const input = Object.fromEntries([...hostPrefix.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, 'label']));
  const found = (): ReturnType<typeof endpointOf> | undefined => {
    try {
      return endpointOf(catalogue, { service, operation, region, fips, dualstack, input: { ...input } });
    } catch {
      return undefined;
    }
  };
  const answer = found();
  if (!endpoint || !answer) return !endpoint && !answer;
  const host = endpoint.host.replace('{AccountId}', 'label');
  const prefix = host.startsWith('label.') ? '' : hostPrefix.replace(/\{\w+\}/g, 'label');
  return (
    answer.host === prefix + host &&
    answer.signingName === endpoint.signing_name &&
    answer.signingRegion === endpoint.signing_region
  );
};
