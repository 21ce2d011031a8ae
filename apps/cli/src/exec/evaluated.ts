/** What a scanner of shell text stands on: one word with its quotes resolved, or what ends a command. */
type Token = { readonly word: string; readonly literal: boolean } | { readonly operator: string };

const operators = /^(?:&&|\|\||[;&|<>(){}\n])/;
const single = /^'([^']*)'/;
const double = /^"((?:[^"\\]|\\[\s\S])*)"/;
const bare = /^[^\s'"\\&|;<>()$`]+/;
const escaped = /^\\([\s\S])/;

// In double quotes a backslash is one but before these (POSIX shell, 2.2.3).
const unescaped = (text: string): string =>
  text.replace(/\\([$`"\\\n])/g, (_, character: string) => (character === '\n' ? '' : character));

/** One piece of a word at the start of the text. @returns undefined where the text is no word, or has no end */
const pieceOf = (
  text: string,
): { readonly length: number; readonly word: string; readonly literal: boolean } | undefined => {
  const quoted = single.exec(text);
  if (quoted) return { length: quoted[0].length, word: quoted[1]!, literal: true };
  const soft = double.exec(text);
  if (soft)
    return {
      length: soft[0].length,
      word: unescaped(soft[1]!),
      literal: !/[$`]/.test(soft[1]!.replace(/\\[\s\S]/g, '')),
    };
  const one = escaped.exec(text);
  if (one) return { length: 2, word: one[1] === '\n' ? '' : one[1]!, literal: true };
  const plain = bare.exec(text);
  if (plain) return { length: plain[0].length, word: plain[0], literal: true };
  return /^[$`]/.test(text) ? { length: 1, word: text[0]!, literal: false } : undefined;
};

function* tokensOf(text: string): Generator<Token> {
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const blank = /^(?:[ \t]+|\\\n)/.exec(rest);
    const operator = operators.exec(rest);
    if (blank) at += blank[0].length;
    else if (operator) {
      yield { operator: operator[0] };
      at += operator[0].length;
    } else {
      let [word, literal, length] = ['', true, 0];
      for (let piece = pieceOf(rest); piece; piece = pieceOf(rest.slice(length))) {
        word += piece.word;
        literal &&= piece.literal;
        length += piece.length;
      }
      if (length === 0) return; // a quote without an end: no line of a client's
      yield { word, literal };
      at += length;
    }
  }
}

/**
 * Claude Code has its shell run a line of its own, in which the tool call's command is what `eval` is given:
 * `source … && eval '<command>' < /dev/null && pwd …`. @returns that command as the model wrote it; undefined where the
 * line is no such one
 */
export const evaluated = (line: string): string | undefined => {
  let atCommand = true;
  let isNext = false;
  for (const token of tokensOf(line)) {
    if ('operator' in token) {
      atCommand = !/[<>]/.test(token.operator);
      isNext = false;
    } else if (isNext) return token.literal ? token.word : undefined;
    else {
      isNext = atCommand && token.word === 'eval';
      atCommand = false;
    }
  }
  return undefined;
};
