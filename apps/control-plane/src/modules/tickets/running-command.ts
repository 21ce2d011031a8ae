/** Ways in which clients quote a command when they hand it to a shell: `'…'` with what closes, escapes and opens again. */
const quotings: readonly ((command: string) => string)[] = [
  (command) => `'${command.replaceAll("'", `'"'"'`)}'`,
  (command) => `'${command.replaceAll("'", `'\\''`)}'`,
  (command) => `"${command.replace(/["\\$`]/g, '\\$&')}"`,
];

/**
 * Does this line of a shell run that command? A client puts a command, quoted, into a line of its own: what prepares the
 * shell, then the command, then what is remembered of it.
 */
export function runs(line: string, command: string): boolean {
  if (command === '') return false;
  return line === command || quotings.some((quoted) => line.includes(quoted(command))) || standsIn(line, command);
}

/** As it is, and not as a part of a longer word. */
function standsIn(line: string, command: string): boolean {
  for (let at = line.indexOf(command); at !== -1; at = line.indexOf(command, at + 1)) {
    const [before, after] = [line[at - 1] ?? ' ', line[at + command.length] ?? ' '];
    if (separator.test(before) && separator.test(after)) return true;
  }
  return false;
}

const separator = /[\s;&|()]/;

/** A command without what quotes its words: two that say the same to a shell are mostly the same then. */
const bare = (text: string): string =>
  text
    .replace(/['"\\]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** Is what runs a part of that command? For calls that are known by their own id, whose command may run several programs. */
export const isPartOf = (part: string, command: string): boolean => {
  const words = bare(part);
  return words !== '' && standsIn(bare(command), words);
};
