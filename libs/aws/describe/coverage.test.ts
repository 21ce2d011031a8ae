/** Every modelled operation has an explicit class: what a new model brings is not guessed. */

import type { Risk } from '@sallyport/core';
import { loadParser } from '@sallyport/sql';
import { sample } from '@sallyport/testkit/seeded';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogue } from '../catalogue/index.js';
import { describeAs } from './calls.fixture.js';
import { conditions } from './flags/conditions.js';
import { onlyLooksLikeCredential } from './flags/credentials.js';
import { awsFlags, flagTables } from './flags/index.js';
import { riskOfName, risksOf } from './risk.js';
import { describedServices, type OperationData, serviceData } from './service-data.js';
import { unclassified } from './unclassified.fixture.js';

beforeAll(loadParser);

interface Each {
  readonly service: string;
  readonly operation: string;
  readonly data: OperationData;
  readonly risks: readonly Risk[];
}

const every: Each[] = describedServices().flatMap((service) =>
  Object.entries(serviceData(service)!.operations).map(([operation, data]) => ({
    service,
    operation,
    data,
    risks: risksOf(operation, data),
  })),
);
const nameOf = ({ service, operation }: Pick<Each, 'service' | 'operation'>) => `${service}:${operation}`;

test('the catalogue and the descriptions know the same operations', () => {
  const catalogue = loadCatalogue();
  const known = [...catalogue.services.values()].flatMap(({ name, operations }) =>
    [...operations.keys()].map((operation) => `${name}:${operation}`),
  );
  expect(every.map(nameOf).sort()).toEqual(known.sort());
  expect(every.length).toBeGreaterThan(19_000);
});

test('access level or name class every operation, but those that are listed: they are unknown', () => {
  const unknown = every.filter(({ risks }) => risks.includes('unknown')).map(nameOf);
  expect(unknown.sort()).toEqual([...unclassified].sort());
});

test('none that IAM calls a write, and none that is named like one, passes for a read', () => {
  const taken = every.filter(({ data, operation, risks }) => {
    const changes = data.l === 'w' || data.l === 'p' || !['read', undefined].includes(riskOfName(operation));
    return changes && risks.every((risk) => risk === 'read');
  });
  expect(taken.map(nameOf)).toEqual([]);
});

test('an operation with an action that IAM does not know is marked', () => {
  const wrong = every.filter(({ data }) => (data.l === '') !== (data.u === 1));
  expect(wrong.map(nameOf)).toEqual([]);
});

test('what answers with a credential carries a flag that says so', () => {
  const telling = new Set(['credential-issue', 'secret-read', 'secret-inside', 'presign']);
  const silent = every.filter(
    (each) =>
      each.data.c === 2 &&
      !onlyLooksLikeCredential.has(each) &&
      !flagTables.some(([flag, set]) => telling.has(flag) && set.has(each)),
  );
  // One that a new model brings is `credential-issue` by the name of a member of its answer, until a list says what it is.
  expect(silent.map(nameOf)).toEqual([]);
});

describe('the lists of operations', () => {
  const operations = new Map(
    describedServices().map((service) => [service, Object.keys(serviceData(service)!.operations)]),
  );

  test.each(flagTables.map(([flag, set]) => [flag, set] as const))('%s: each entry is in the models', (_flag, set) => {
    const missing = set.entries.filter(({ service, operation }) => {
      const names = operations.get(service) ?? [];
      return operation.endsWith('*')
        ? !names.some((name) => name.startsWith(operation.slice(0, -1)))
        : !names.includes(operation);
    });
    expect(missing.map(nameOf)).toEqual([]);
  });

  test('conditions name services and operations that there are', () => {
    const missing = conditions.flatMap(({ services, operations: names }) =>
      names.split(' ').filter((name) => {
        const all = services.split(' ').flatMap((service) => operations.get(service) ?? [`no service ${service}`]);
        return name.endsWith('*') ? !all.some((each) => each.startsWith(name.slice(0, -1))) : !all.includes(name);
      }),
    );
    expect(missing).toEqual([]);
    for (const { services } of conditions)
      for (const service of services.split(' ')) expect([...operations.keys()]).toContain(service);
  });

  test('carry flags that are documented', () => {
    for (const flag of [...flagTables.map(([flag]) => flag), ...conditions.map(({ flag }) => flag)])
      expect(Object.keys(awsFlags)).toContain(flag);
  });
});

test('describing any operation with nothing in it comes to an end, and calls what it lists by its name', () => {
  const wrong = sample(every).filter(({ service, operation, data }) => {
    const description = describeAs({
      identified: true,
      service,
      operation,
      protocol: 'json',
      input: {},
      candidates: [{ service, operation }],
    });
    const flags = description.facts['flags'] as readonly string[];
    const isGrave = ['credential-issue', 'privilege-escalation', 'indirect-execution', 'log-tamper'].some((flag) =>
      flags.includes(flag),
    );
    return (
      description.actions.length === 0 ||
      description.resources.length === 0 ||
      (isGrave && description.risk === 'read') ||
      (data.u === 1) !== flags.includes('unlisted-action')
    );
  });
  expect(wrong.map(nameOf)).toEqual([]);
});
