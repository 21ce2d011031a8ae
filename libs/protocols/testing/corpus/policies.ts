/** The corpus' reference policies as an administrator would write them: Cedar text, decided by the real engine. */
import type { Decision, MaskingRule, Operation, PersonId } from '@sallyport/core';
import { createPolicyEngine, packs } from '@sallyport/policy';

/** Definitions that anybody may read; statistics, activity, passwords and settings of roles are not among them. */
const definitions = [
  ...['pg_class', 'pg_namespace', 'pg_attribute', 'pg_type', 'pg_index', 'pg_constraint', 'pg_description'],
  ...['pg_proc', 'pg_am', 'pg_collation', 'pg_enum', 'pg_inherits', 'pg_settings', 'pg_tables', 'pg_views'],
].map((name) => `pg_catalog.${name}`);

const readable = ['app.customers', 'app.orders', 'app.products', 'app.v_contacts', ...definitions];
const listed = JSON.stringify(readable);

const onlyThese = `
@id("only-these")
@message("only customers, orders, products and contacts may be read here")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
unless { ${listed}.containsAll(context.relations) };

@id("no-side-ways")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.unresolved || context.opaque ||
  context.flags.containsAny(["statistics", "activity", "secrets", "listen"]) };
`;

const entry = `
@id("connect")
permit(principal, action == Sallyport::Action::"session.connect", resource);
${onlyThese}
@id("no-probing")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { !context.masked_columns_probed.isEmpty() };
`;

const pack = (name: string): string => packs.find((one) => one.name === name)!.text;

const read = `
@id("read")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "read" };
`;

/** Reads four relations; no write, no definition, no change of session or role. */
const readOnlyMasked = `${entry}${read}`;

/** As before, and each write to orders waits for a reviewer. */
const reviewedWrites = `${entry}${read}
@id("reviewed")
@review("reviewers")
@timeout("10m")
@message("changes to orders wait for a reviewer")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk != "read" && context.risk != "privilege" && ["app.orders"].containsAll(context.written) };
`;

export const referencePolicies = {
  ro_masked: readOnlyMasked,
  rw_approve: reviewedWrites,
  /** The pack as it is shipped, for an AI identity, with the relations of this connection. */
  strict: `${pack('postgres-strict')}${onlyThese}`,
  /** The pack as it is shipped, on a connection that leaves relations to the target's own rights. */
  anything: pack('postgres-strict'),
} as const;

/** \`ssn\`, \`email\` and \`card\` are masked; notes and profile hold copies that detectors must find. */
export const referenceRules: readonly MaskingRule[] = [
  ...['ssn', 'email', 'card'].map(
    (name): MaskingRule => ({ id: name, kind: 'column', column: `app.customers.${name}`, action: 'redact' }),
  ),
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'personal', kind: 'detector', detector: 'personal-data', action: 'redact' },
];

/** @returns what the real engine decides under this text, for an AI client's session */
export function decideBy(text: string): (operation: Operation) => Decision {
  const engine = createPolicyEngine();
  engine.load(1, text);
  const identity = {
    id: '00000000-0000-4000-8000-000000000001' as PersonId,
    class: 'ai' as const,
    issuer: 'test',
    subject: 'ada',
    name: 'ada',
    groups: [],
    roles: ['user' as const],
  };
  return (operation) =>
    engine.decide({
      identity,
      connection: { name: 'orders', labels: [], protocol: 'postgres' },
      operation,
      assurance: 'bound',
      turn: {},
    });
}
