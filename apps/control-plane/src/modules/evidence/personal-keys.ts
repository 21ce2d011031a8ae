import type { EventBody, EventName } from '@sallyport/evidence';

type KeyOf = { readonly [E in EventName]?: (body: EventBody<E>) => string | undefined };

export const personalKey = (person: string): string => `person:${person}`;

const person = (id: string | undefined): string | undefined => (id === undefined ? undefined : personalKey(id));

// What tells of one person outside any session is sealed under that person's key, so that it can be erased with it; prompts
// and inputs of tools under keys below it: see prompt-keys.ts.
const keyOf: KeyOf = {
  'login.accepted': ({ identity }) => person(identity?.id),
  'login.refused': ({ identity }) => person(identity?.id),
  'session.refused': ({ identity }) => person(identity?.id),
  'ticket.issued': ({ identity }) => person(identity.id),
  'person.created': ({ id }) => person(id),
  'person.updated': ({ id }) => person(id),
  'grants.ended': ({ person: id }) => person(id),
  'witness-token.issued': ({ identity }) => person(identity.id),
  'tool-call.finished': ({ person: id }) => person(id),
  'ai-session.reconfigured': ({ person: id }) => person(id),
  'ai-session.ended': ({ person: id }) => person(id),
};

/** @returns undefined where the log's own key seals the body */
export const personalKeyOf = <E extends EventName>(event: E, body: EventBody<E>): string | undefined =>
  keyOf[event]?.(body);
