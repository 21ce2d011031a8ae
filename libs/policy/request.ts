import {
  type Assurance,
  derivedOnce,
  type Facts,
  type FactValue,
  type Identity,
  type Operation,
  type ProtocolName,
  type TurnContext,
} from '@sallyport/core';
import type { CedarContext, CedarEntity, CedarRequest, CedarUid } from './cedar.js';

/** Everything that a decision may depend on. */
export interface PolicyRequest {
  readonly identity: Identity;
  readonly connection: { readonly name: string; readonly labels: readonly string[]; readonly protocol: ProtocolName };
  readonly operation: Pick<Operation, 'action' | 'risk' | 'facts'>;
  readonly assurance: Assurance;
  readonly turn: TurnContext;
}

const uid = (type: string, id: string): CedarUid => ({ type: `Sallyport::${type}`, id });

/** Only the entities that the request touches: each costs time, and nothing else can matter to it. */
export function cedarRequestOf(request: PolicyRequest): CedarRequest {
  const { identity, connection, operation } = request;
  const principal = uid('User', identity.id);
  const resource = uid('Connection', connection.name);
  const { class: kind, name, issuer, roles } = identity;
  return {
    principal,
    resource,
    action: uid('Action', operation.action),
    context: contextOf(request),
    entities: [
      {
        uid: principal,
        attrs: { class: kind, name, issuer, roles: [...roles] },
        parents: identity.groups.map((group) => uid('Group', group)),
      },
      {
        uid: resource,
        attrs: { name: connection.name, protocol: connection.protocol },
        parents: connection.labels.map((label) => uid('Label', label)),
      },
      ...leaves('Group', identity.groups),
      ...leaves('Label', connection.labels),
    ],
  };
}

const leaves = (type: string, ids: readonly string[]): CedarEntity[] =>
  [...new Set(ids)].map((id) => ({ uid: uid(type, id), attrs: {}, parents: [] }));

/** What the gateway knows itself comes last: facts of a protocol can never replace it. */
function contextOf({ identity, operation, assurance, turn }: PolicyRequest): CedarContext {
  const facts: [string, FactValue | string[]][] = Object.entries(operation.facts).map(([name, value]) => [
    name,
    typeof value === 'object' ? [...value] : value,
  ]);
  return {
    ...(Object.fromEntries(facts) as CedarContext),
    ...claimsOf(turn),
    risk: operation.risk,
    assurance,
    class: identity.class,
    ai_session: turn.aiSession !== undefined,
  };
}

/** The AI client's claims by their name in the schema. */
export const claimsOf = ({ aiSession, turn, toolCall }: TurnContext): Record<string, string> => ({
  ...(aiSession === undefined ? {} : { ai_session_id: aiSession }),
  ...(turn === undefined ? {} : { turn }),
  ...(toolCall === undefined ? {} : { tool_call: toolCall }),
});

const identityKeys = new WeakMap<Identity, string>();

function identityKey(identity: Identity): string {
  const known = identityKeys.get(identity);
  if (known !== undefined) return known;
  const { id, class: kind, name, issuer, groups, roles } = identity;
  const key = JSON.stringify([id, kind, name, issuer, groups, roles]);
  identityKeys.set(identity, key);
  return key;
}

const factsKey = derivedOnce((facts: Facts) => JSON.stringify(facts));

/** Two requests with the same key get the same decision from the same policies. */
export function keyOf(
  { identity, connection, operation, assurance, turn }: PolicyRequest,
  claimsRead: ReadonlySet<string>,
): string {
  const read = Object.entries(claimsOf(turn)).filter(([name]) => claimsRead.has(name));
  const circumstances = JSON.stringify([
    identityKey(identity),
    connection.name,
    connection.protocol,
    connection.labels,
    operation.action,
    operation.risk,
    assurance,
    turn.aiSession !== undefined,
    read,
  ]);
  return `${circumstances}\n${factsKey(operation.facts)}`;
}
