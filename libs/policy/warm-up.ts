import type { FactValue, PersonId } from '@sallyport/core';
import { decideBy, type ReadyPolicySet } from './decide.js';
import type { PolicyRequest } from './request.js';

const set = ['public.t'];
const facts: Readonly<Record<string, FactValue>> = {
  database: 'd',
  verbs: ['select'],
  relations: set,
  written: [],
  columns: ['public.t.c'],
  functions: [],
  flags: [],
  has_where: true,
  statements: 1,
  unresolved: false,
  opaque: false,
  masked_columns: [],
  masked_columns_probed: [],
  masked_columns_looked_up: [],
  masked_columns_stored: [],
  masked_columns_computed: [],
};

const request: PolicyRequest = {
  identity: {
    id: 'warm-up' as PersonId,
    class: 'machine',
    issuer: 'sallyport',
    subject: 'warm-up',
    name: 'warm-up',
    groups: ['g'],
    roles: [],
  },
  connection: { name: 'warm-up', labels: ['l'], protocol: 'postgres' },
  operation: { action: 'sql.execute', risk: 'read', facts },
  assurance: 'identity',
  turn: {},
};

const rounds = 8;

/** The first evaluations of a policy set take some tens of milliseconds; nobody's statement should pay for them. */
export function warmUp(ready: ReadyPolicySet): void {
  for (let round = 0; round < rounds; round += 1) decideBy(ready, request);
}
