import type { FactValue, PersonId, ProtocolName } from '@sallyport/core';
import { decideBy, type ReadyPolicySet } from './decide.js';
import type { PolicyRequest } from './request.js';

const set = ['public.t'];
const sqlFacts: Readonly<Record<string, FactValue>> = {
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

const awsFacts: Readonly<Record<string, FactValue>> = {
  service: 'dynamodb',
  operation: 'GetItem',
  region: 'r',
  account: '',
  partition: 'aws',
  actions: ['dynamodb:GetItem'],
  resources: set,
  resource: 't',
  flags: [],
  bucket: '',
  key: '',
  candidates: 1,
  sql_verbs: [],
  sql_relations: [],
  sql_written: [],
};

const modelFacts: Readonly<Record<string, FactValue>> = {
  api: 'anthropic.messages',
  model: 'm',
  stream: true,
  max_tokens: 1,
  prompt: 'p',
  prompt_cut: false,
  prompt_kind: 'human',
  tools: ['Bash'],
  server_tools: [],
  media: [],
  betas: [],
  flags: [],
  unknown_members: [],
  messages: 1,
  input_tokens: 1,
};

const toolFacts: Readonly<Record<string, FactValue>> = {
  api: 'anthropic.messages',
  model: 'm',
  tool: 'Bash',
  input: '{}',
  input_cut: false,
  declared: true,
  by_provider: false,
  command: 'c',
};

const requestOf = (
  protocol: ProtocolName,
  action: string,
  facts: Readonly<Record<string, FactValue>>,
): PolicyRequest => ({
  identity: {
    id: 'warm-up' as PersonId,
    class: 'machine',
    issuer: 'sallyport',
    subject: 'warm-up',
    name: 'warm-up',
    groups: ['g'],
    roles: [],
  },
  connection: { name: 'warm-up', labels: ['l'], protocol },
  operation: { action, risk: 'read', facts },
  assurance: 'identity',
  turn: {},
});

const requests = [
  requestOf('postgres', 'sql.execute', sqlFacts),
  requestOf('aws', 'aws.call', awsFacts),
  requestOf('anthropic', 'model.request', modelFacts),
  requestOf('anthropic', 'model.tool_call', toolFacts),
];

const rounds = 8;

/** The first evaluations of a policy set take some tens of milliseconds; nobody's statement should pay for them. */
export function warmUp(ready: ReadyPolicySet): void {
  for (let round = 0; round < rounds; round += 1) for (const request of requests) decideBy(ready, request);
}
