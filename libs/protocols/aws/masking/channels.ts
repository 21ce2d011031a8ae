/** Texts that come in pieces: what may be the beginning of a secret waits for the next piece. */
import type { EventMessage } from '@sallyport/aws';
import type { Masker } from '@sallyport/masking';
import { notUnderstood } from './not-understood.js';
import type { Tally } from './tally.js';

/** Makes a message like the last one of the text, with another piece in it. */
export type MessageWith = (piece: Uint8Array) => EventMessage;

interface Open {
  readonly push: (piece: Uint8Array) => Uint8Array;
  readonly end: () => Uint8Array;
  /** Like which a message is made for what is still held back when the text ends. */
  like: MessageWith | undefined;
}

const mostChannels = 1024;

export class Channels {
  private readonly open = new Map<string, Open>();

  constructor(
    private readonly masker: Masker,
    private readonly tally: Tally,
  ) {}

  /** @returns what of the text may leave now; the rest waits */
  push(name: string, piece: Uint8Array): Uint8Array {
    const channel = this.open.get(name) ?? this.begin(name);
    return channel.push(piece);
  }

  /** @returns what is left of the text, which has ended */
  last(name: string): Uint8Array {
    const channel = this.open.get(name);
    this.open.delete(name);
    return channel?.end() ?? new Uint8Array(0);
  }

  remember(name: string, like: MessageWith): void {
    const channel = this.open.get(name);
    if (channel) channel.like = like;
  }

  /** Ends the texts of which `ended` says so. */
  flush(ended: (name: string) => boolean = () => true): EventMessage[] {
    const messages: EventMessage[] = [];
    for (const [name, { like }] of [...this.open]) {
      if (!ended(name)) continue;
      const rest = this.last(name);
      if (rest.length > 0 && like) messages.push(like(rest));
    }
    return messages;
  }

  private begin(name: string): Open {
    if (this.open.size >= mostChannels)
      throw notUnderstood(`more than ${mostChannels} texts at once in an event stream`);
    const stream = this.masker.stream();
    let hidden = 0;
    const counted = (output: Uint8Array): Uint8Array => {
      if (stream.hidden > hidden) this.tally.add(stream.rules, stream.hidden - hidden);
      hidden = stream.hidden;
      return output;
    };
    const whole = wholeCharacters();
    const channel: Open = {
      push: (piece) => whole(counted(stream.push(piece)), false),
      end: () => whole(counted(stream.end()), true),
      like: undefined,
    };
    this.open.set(name, channel);
    return channel;
  }
}

/** Keeps the first bytes of a character until its last ones come: a text cannot be cut within one. */
const wholeCharacters = (): ((bytes: Uint8Array, final: boolean) => Uint8Array) => {
  let kept = Buffer.alloc(0);
  return (bytes, final) => {
    const all = kept.length === 0 ? Buffer.from(bytes) : Buffer.concat([kept, bytes]);
    const end = final ? all.length : all.length - unfinished(all);
    kept = Buffer.from(all.subarray(end));
    return all.subarray(0, end);
  };
};

/** How many of the last bytes begin a character that is longer. */
const unfinished = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return back < length ? back : 0;
  }
  return 0;
};
