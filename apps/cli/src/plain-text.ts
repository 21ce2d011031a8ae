// C0 and C1 controls, line separators, bidirectional overrides and invisible characters: text of a server, a statement
// or another person must not move the cursor, hide itself or reorder what a reviewer reads.
// Tab and newline stay; the fillers and selectors after the classes are letters and marks by name, and show nothing.
const unsafe =
  /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}]|[\u{34f}]|[\u{fe00}-\u{fe0f}]|[\u{e0100}-\u{e01ef}]/gu;

const visible = (character: string): string => {
  const code = character.codePointAt(0)!;
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
};

/** Text of others made safe to print: everything invisible or able to steer a terminal is shown as an escape. Keeps tab and newline. */
export const plain = (text: string): string => text.replaceAll('\r\n', '\n').replace(unsafe, visible);

/** The same in one line, for a table's cell. */
export const plainLine = (text: string): string => plain(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');

/** JSON that is as safe to print: the same characters as \u escapes, which any parser reads back unchanged. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(unsafe, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
