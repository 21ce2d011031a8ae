/**
 * Keys of what people say to models and of the tool calls that come of it. They end with the person's or the session's key,
 * and may end sooner, by age: so there is one for each day of an AI session, and one for each session of the gateway.
 */
import type { Operation, PersonId, ProtocolName, SessionId } from '@sallyport/core';
import type { EventBody, EventName } from '@sallyport/evidence';
import { personalKey } from './personal-keys.js';

export interface PromptKey {
  readonly id: string;
  readonly parent: string;
}

const told = new Set<EventName>(['ai-turn.prompted', 'tool-call.proposed', 'tool-call.asked']);

const ofDay = (person: PersonId, aiSession: string, at: Date): PromptKey => {
  const parent = personalKey(person);
  return { id: `${parent}/prompts/${aiSession}/${at.toISOString().slice(0, 10)}`, parent };
};

/** @returns undefined for events that hold neither a prompt nor an input */
export function promptKeyOf<E extends EventName>(event: E, body: EventBody<E>, at: Date): PromptKey | undefined {
  if (!told.has(event)) return undefined;
  const { person, aiSession } = body as EventBody<'ai-turn.prompted'>;
  return ofDay(person, aiSession, at);
}

/** What may still be told of it where its key is gone. */
export function withoutPrompt<E extends EventName>(event: E, body: EventBody<E>): EventBody<E> {
  if (!told.has(event)) return body;
  const {
    text: _text,
    input: _input,
    ...rest
  } = body as EventBody<E> & { readonly text?: string; readonly input?: string };
  return rest as EventBody<E>;
}

export const sessionPromptKey = (session: SessionId): PromptKey => ({ id: `${session}/prompts`, parent: session });

/** Does the operation's text say what a model was asked, or what it has called? */
export const holdsPrompt = ({ action, holdsPrompt: says }: Pick<Operation, 'action' | 'holdsPrompt'>): boolean =>
  says === true || action.startsWith('model.');

const carriers: ReadonlySet<ProtocolName> = new Set(['anthropic', 'openai', 'aws']);
/** Protocols whose sessions may have such operations. */
export const carriesPrompts = (protocol: ProtocolName): boolean => carriers.has(protocol);

/** What a key seals: prompts of a day of an AI session, or those of a session of the gateway. */
export type Prompts =
  | { readonly of: 'ai-session'; readonly aiSession: string; readonly day: string }
  | { readonly of: 'session'; readonly session: string };

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const day = new RegExp(`^person:${uuid}/prompts/(${uuid})/(\\d{4}-\\d\\d-\\d\\d)$`);
const session = new RegExp(`^(${uuid})/prompts$`);

/** @returns undefined for any other key */
export function promptsUnder(key: string): Prompts | undefined {
  const [, aiSession, on] = day.exec(key) ?? [];
  if (aiSession !== undefined && on !== undefined) return { of: 'ai-session', aiSession, day: on };
  const [, id] = session.exec(key) ?? [];
  return id === undefined ? undefined : { of: 'session', session: id };
}
