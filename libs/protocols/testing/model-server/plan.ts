/** What a scripted model says, whatever the API by which it is asked. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly unfinished?: true }
  | { readonly kind: 'thinking'; readonly text: string; readonly signature: string }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string; readonly input: unknown }
  /** Run by the provider itself. */
  | { readonly kind: 'provider-tool'; readonly id: string; readonly name: string; readonly input: unknown }
  /** Nothing is said for so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'until'; readonly until: Promise<void> }
  /** An error of the API in the middle of its answer. */
  | { readonly kind: 'error'; readonly type: string; readonly message: string }
  /** The connection breaks. */
  | { readonly kind: 'cut' };

export interface Plan {
  readonly parts: readonly Part[];
  /** Instead of an answer. */
  readonly refusal?: { readonly status: number; readonly type: string; readonly message: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Characters of a delta. */
  readonly deltaSize?: number;
  /** Between two deltas of a text, in milliseconds. */
  readonly deltaWait?: number;
}

export const says = (text: string): Plan => ({ parts: [{ kind: 'text', text }] });
export const calls = (name: string, input: unknown, id = 'toolu_scripted1'): Plan => ({
  parts: [
    { kind: 'text', text: 'Let me look.' },
    { kind: 'tool', id, name, input },
  ],
});

/** In pieces of so many characters, never through one. */
export function* inDeltas(text: string, size: number): Generator<string> {
  const characters = [...text];
  for (let at = 0; at < characters.length; at += size) yield characters.slice(at, at + size).join('');
}

export const endsIn = ({ parts }: Plan): 'tools' | 'text' =>
  parts.some(({ kind }) => kind === 'tool') ? 'tools' : 'text';

export interface Emitted {
  /** Server-sent events as text. */
  readonly text?: string;
  readonly wait?: number | Promise<void>;
  readonly cut?: true;
}

export const event = (data: unknown, name?: string): Emitted => ({
  text: `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`,
});
