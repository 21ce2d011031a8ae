/** Where the bytes of a string's text stand in the JSON that it is written in. */

const backslash = 0x5c;
const escapedUnicode = 0x75;

const utf8Length = (unit: number): number => (unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3);
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

const unitAt = (raw: Buffer, at: number): number | undefined =>
  raw[at] === backslash && raw[at + 1] === escapedUnicode
    ? Number.parseInt(raw.toString('latin1', at + 2, at + 6), 16)
    : undefined;

/**
 * @param raw a valid JSON string, its quotes included
 * @returns for the position of a character in the text's UTF-8, where it begins in `raw`; asked in rising order
 */
export const unescaped = (raw: Buffer): ((position: number) => number) => {
  let at = 1;
  let text = 0;
  return (position) => {
    while (text < position && at < raw.length - 1) {
      const [width, bytes] = characterAt(raw, at);
      if (text + bytes > position) break;
      at += width;
      text += bytes;
    }
    return at;
  };
};

/** @returns how many bytes it has in `raw`, and in the text */
const characterAt = (raw: Buffer, at: number): readonly [number, number] => {
  if (raw[at] !== backslash) return [1, 1];
  const unit = unitAt(raw, at);
  if (unit === undefined) return [2, 1];
  const next = isHigh(unit) ? unitAt(raw, at + 6) : undefined;
  return next !== undefined && isLow(next) ? [12, 4] : [6, utf8Length(unit)];
};
