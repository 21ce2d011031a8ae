/** A text that may have been cut to fit into a body. */
export interface ClippedText {
  readonly text: string;
  /** Bytes of the whole text in UTF-8; absent when nothing was cut. */
  readonly bytes?: number;
}

/** Cuts a text to at most `maxBytes` of UTF-8, never inside a character. Lone surrogates become U+FFFD. */
export function clipText(text: string, maxBytes: number): ClippedText {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return { text: bytes.toString() };
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return { text: bytes.toString('utf8', 0, end), bytes: bytes.length };
}
