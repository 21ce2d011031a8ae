import type { TurnMessageKind, TurnMessageRow, WitnessSource } from './ai-session-rows.js';

/** Characters from which on a text that is found in another is no chance. */
export const tellingLength = 16;

/** A message that a turn has already. */
export type KnownMessage = Pick<TurnMessageRow, 'seq' | 'source' | 'text_hmac' | 'confirmed_at'> & {
  /** Opened; undefined once erased. */
  readonly text?: string;
};

export interface SaidMessage {
  readonly source: TurnMessageRow['source'];
  readonly hmac: Buffer;
  readonly text: string;
}

export type Placing =
  /** It has been told before. */
  | { readonly as: 'repeat'; readonly seq: number }
  /** The other witness tells the same. */
  | { readonly as: 'confirmation'; readonly seq: number }
  /** `expands`: what was typed is part of it. `confirms`: and is thereby told by both. */
  | { readonly as: 'new'; readonly expands?: number };

/**
 * Where a message belongs among those that its turn has, in their order. A hook that tells the last one again is a
 * delivery again; what a model's request or telemetry brings again is that again.
 */
export function placeMessage(known: readonly KnownMessage[], said: SaidMessage): Placing {
  const last = known.at(-1);
  const equal = known.filter(({ text_hmac }) => text_hmac.equals(said.hmac));
  const untold = equal.find(({ source, confirmed_at }) => isOther(source, said.source) && confirmed_at === null);
  if (untold !== undefined) return { as: 'confirmation', seq: untold.seq };
  const told = said.source === 'hook' ? equal.find(({ seq }) => seq === last?.seq) : equal.at(-1);
  if (told !== undefined) return { as: 'repeat', seq: told.seq };
  const whole = said.source === 'otlp' ? known.findLast((message) => isWholeOf(message, said.text)) : undefined;
  if (whole !== undefined) return { as: 'repeat', seq: whole.seq };
  const typed = said.source === 'model' ? known.find((message) => isTypedPartOf(message, said.text)) : undefined;
  return typed === undefined ? { as: 'new' } : { as: 'new', expands: typed.seq };
}

/** The first message of a turn is what began it; a person who writes more while it goes on steers it. */
export const kindOf = (seq: number, kind: TurnMessageKind, expands: number | undefined): TurnMessageKind =>
  seq > 1 && kind === 'human' && expands === undefined ? 'steer' : kind;

/** Hooks and telemetry are the word of the same client: one does not confirm the other. */
const isOther = (one: WitnessSource, other: WitnessSource): boolean =>
  one !== other && (one === 'model' || other === 'model');

/** Model traffic has shown what became of this when it was typed. */
const isWholeOf = ({ source, text }: KnownMessage, typed: string): boolean =>
  source === 'model' && typed.trim().length >= tellingLength && text?.includes(typed.trim()) === true;

const isTypedPartOf = ({ source, confirmed_at, text }: KnownMessage, whole: string): boolean =>
  source !== 'model' &&
  confirmed_at === null &&
  text !== undefined &&
  text.trim() !== '' &&
  whole.includes(text.trim());

// What the agent has hidden in model traffic, and what is hidden here: by the same detectors, under different marks.
const hidden = /⟦[A-Z0-9-]+:[0-9a-f]{12}⟧|\[redacted:[a-z0-9-]+\]/g;

/** The text by which messages are compared: the space around it, and what is hidden in it, are no part of it. */
export const comparableText = (kept: string): string => kept.replaceAll('\r\n', '\n').trim().replace(hidden, '⟦⟧');
