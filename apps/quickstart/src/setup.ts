import { cloudAlias, targetAlias } from './agent.js';
import { region } from './cloud/sample-objects.js';
import type { Gate } from './gate.js';
import { targetDatabase } from './sample-data.js';

export const connection = 'orders';
export const cloudConnection = 'cloud';
/** Ids of policies are unique over the packs of all protocols, so that their texts are one text together. */
export const policyPacks: readonly string[] = ['postgres-safe', 'aws-safe'];

const rules = [
  { id: 'customers-ssn', kind: 'column', column: 'public.customers.ssn', action: 'redact' },
  { id: 'customers-card', kind: 'column', column: 'public.customers.card', action: 'partial' },
  { id: 'payroll-salary', kind: 'column', column: 'public.payroll.salary', action: 'null' },
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'personal-data', kind: 'detector', detector: 'personal-data', action: 'redact' },
] as const;

const connections = [
  {
    name: connection,
    protocol: 'postgres',
    target: targetAlias,
    databases: [targetDatabase],
    // What the sample is about: rows may be changed, and the login has a password.
    accepted_problems: [
      'can write: public.* (INSERT, UPDATE, DELETE)',
      'can advance: public.*',
      'setting: default_transaction_read_only = off',
      'login: a password that the role can change',
    ],
  },
  { name: cloudConnection, protocol: 'aws', target: cloudAlias, regions: [region] },
];

/** The connections, unless an earlier start made them. */
const ensureConnections = async (admin: Gate): Promise<void> => {
  for (const each of connections) {
    const found = await admin.ask('GET', `/v1/connections/${each.name}`);
    if (found.status !== 200)
      await admin.post('/v1/connections', { ...each, labels: ['sample'], record_responses: true });
  }
};

const ensureRules = async (admin: Gate): Promise<void> => {
  const { items } = await admin.get<{ items: { id: string }[] }>('/v1/masking-rules?limit=100');
  for (const rule of rules)
    if (!items.some(({ id }) => id === rule.id)) await admin.post('/v1/masking-rules', { ...rule, connection: null });
};

const packsComment = (names: readonly string[]): string => `the packs ${names.join(', ')}`;
/** What earlier versions of the quickstart have left, when nobody has written policies of his own since. */
const earlier = 'the pack postgres-safe';

/** The packs for a start, unless somebody has written policies of his own since. */
const ensurePolicies = async (admin: Gate): Promise<void> => {
  const active = await admin.get<{ version: number; comment: string }>('/v1/policies');
  if (active.version > 0 && active.comment !== earlier) return;
  const { items } = await admin.get<{ items: { name: string; text: string }[] }>('/v1/policies/packs');
  const texts = policyPacks.map((name) => {
    const pack = items.find((each) => each.name === name);
    if (!pack) throw new Error(`there is no policy pack "${name}"`);
    return pack.text;
  });
  await admin.post('/v1/policies', { text: texts.join('\n'), comment: packsComment(policyPacks) });
};

/** Done through the REST API, as an administrator would. */
export const setUp = async (admin: Gate): Promise<void> => {
  await ensurePolicies(admin);
  await ensureConnections(admin);
  await ensureRules(admin);
};
