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
import type { AttributesRead } from './policy-set.js';

/** What has happened in a turn before, on whatever connection. */
export interface TurnSoFar {
  /** Operations that were allowed, of a risk above `read`. */
  readonly writes: number;
  /** Did a tool read what strangers may have written? */
  readonly untrusted: boolean;
}

/** Everything that a decision may depend on. */
export interface PolicyRequest {
  readonly identity: Identity;
  readonly connection: { readonly name: string; readonly labels: readonly string[]; readonly protocol: ProtocolName };
  readonly operation: Pick<Operation, 'action' | 'risk' | 'facts'>;
  readonly assurance: Assurance;
  readonly turn: TurnContext;
  /** Absent where there is no turn: then nothing has happened in it. */
  readonly soFar?: TurnSoFar;
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
function contextOf({ identity, operation, assurance, turn, soFar }: PolicyRequest): CedarContext {
  const facts: [string, FactValue | string[]][] = Object.entries(operation.facts).map(([name, value]) => [
    name,
    typeof value === 'object' ? [...value] : value,
  ]);
  return {
    ...(Object.fromEntries(facts) as CedarContext),
    ...claimsOf(turn),
    ...circumstancesOf(soFar),
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

/** What has happened in the turn, by its name in the schema. */
const circumstancesOf = (soFar: TurnSoFar = untouched): { turn_writes: number; untrusted_content: boolean } => ({
  turn_writes: soFar.writes,
  untrusted_content: soFar.untrusted,
});

const untouched: TurnSoFar = { writes: 0, untrusted: false };

/** What changes from call to call in one session, without what no policy reads: it would only keep decisions from being found again. */
export const passingOf = ({ turn, soFar }: PolicyRequest, read: AttributesRead): readonly [string, unknown][] =>
  Object.entries({ ...claimsOf(turn), ...circumstancesOf(soFar) }).filter(([name]) => read.has(name));

const identityKeys = new WeakMap<Identity, string>();

function identityKey(identity: Identity): string {
  const known = identityKeys.get(identity);
  if (known !== undefined) return known;
  const { id, class: kind, name, issuer, groups, roles } = identity;
  const key = JSON.stringify([id, kind, name, issuer, groups, roles]);
  identityKeys.set(identity, key);
  return key;
}

/** How requests are told apart, for one text of policies. */
export interface RequestKeys {
  /** Two requests with the same key get the same decision from these policies. */
  of(request: PolicyRequest): string;
}

export function requestKeys(read: AttributesRead): RequestKeys {
  const factsKey = derivedOnce((facts: Facts) =>
    JSON.stringify(Object.entries(facts).map(([name, value]) => [name, read.has(name) ? value : outlineOf(value)])),
  );
  return { of: (request) => `${circumstancesKey(request, read)}\n${factsKey(request.operation.facts)}` };
}

const isText = (value: unknown): boolean => typeof value === 'string' && !/\p{Surrogate}/u.test(value);

/** Of a fact that no policy reads: only whether it fits the schema can still change a decision. */
function outlineOf(value: FactValue): unknown {
  if (isText(value)) return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (Number.isSafeInteger(value)) return 'integer';
  return Array.isArray(value) && value.every(isText) ? 'texts' : [value];
}

function circumstancesKey(request: PolicyRequest, read: AttributesRead): string {
  const { identity, connection, operation, assurance, turn } = request;
  return JSON.stringify([
    identityKey(identity),
    connection.name,
    connection.protocol,
    connection.labels,
    operation.action,
    operation.risk,
    assurance,
    turn.aiSession !== undefined,
    passingOf(request, read),
  ]);
}
