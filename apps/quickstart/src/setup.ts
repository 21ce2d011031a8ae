import { targetAlias } from './agent.js';
import type { Gate } from './gate.js';
import { targetDatabase } from './sample-data.js';

export const connection = 'orders';
export const policyPack = 'postgres-safe';

const rules = [
  { id: 'customers-ssn', kind: 'column', column: 'public.customers.ssn', action: 'redact' },
  { id: 'customers-card', kind: 'column', column: 'public.customers.card', action: 'partial' },
  { id: 'payroll-salary', kind: 'column', column: 'public.payroll.salary', action: 'null' },
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'personal-data', kind: 'detector', detector: 'personal-data', action: 'redact' },
] as const;

/** The connection, unless an earlier start made it. */
const ensureConnection = async (admin: Gate): Promise<void> => {
  const found = await admin.ask('GET', `/v1/connections/${connection}`);
  if (found.status === 200) return;
  await admin.post('/v1/connections', {
    name: connection,
    protocol: 'postgres',
    target: targetAlias,
    databases: [targetDatabase],
    labels: ['sample'],
    record_responses: true,
    // What the sample is about: rows may be changed, and the login has a password.
    accepted_problems: [
      'can write: public.* (INSERT, UPDATE, DELETE)',
      'can advance: public.*',
      'setting: default_transaction_read_only = off',
      'login: a password that the role can change',
    ],
  });
};

const ensureRules = async (admin: Gate): Promise<void> => {
  const { items } = await admin.get<{ items: { id: string }[] }>('/v1/masking-rules?limit=100');
  for (const rule of rules)
    if (!items.some(({ id }) => id === rule.id)) await admin.post('/v1/masking-rules', { ...rule, connection: null });
};

/** The pack for a start, unless somebody has written policies of his own since. */
const ensurePolicies = async (admin: Gate): Promise<void> => {
  const active = await admin.get<{ version: number }>('/v1/policies');
  if (active.version > 0) return;
  const { items } = await admin.get<{ items: { name: string; text: string }[] }>('/v1/policies/packs');
  const pack = items.find(({ name }) => name === policyPack);
  if (!pack) throw new Error(`there is no policy pack "${policyPack}"`);
  await admin.post('/v1/policies', { text: pack.text, comment: `the pack ${policyPack}` });
};

/** Done through the REST API, as an administrator would. */
export const setUp = async (admin: Gate): Promise<void> => {
  await ensurePolicies(admin);
  await ensureConnection(admin);
  await ensureRules(admin);
};
