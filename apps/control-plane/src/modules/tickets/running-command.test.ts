import { expect, test } from 'vitest';
import { isPartOf, runs } from './running-command.js';

/** As Claude Code 2.1.329 starts its shell, the command between the two. */
const lineOf = (quoted: string): string =>
  `source '/h/.claude/snapshot.sh' 2>/dev/null || true && eval ${quoted} < /dev/null && pwd -P >| /scratch/cwd`;
const soft = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;
const escaped = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

test.each([
  'psql -c "select 1"',
  `psql -c "select 'it''s'" | wc -l`,
  'cat <<EOF | psql\nselect $1 from "a\\b";\nEOF',
  'größer 漢字',
  'ls',
])('a line that runs %j is known, however the client quotes it', (command) => {
  for (const quoted of [soft(command), escaped(command), `"${command.replace(/["\\$`]/g, '\\$&')}"`])
    expect(runs(lineOf(quoted), command)).toBe(true);
  expect(runs(command, command)).toBe(true);
  expect(runs(`cd /srv && ${command}`, command)).toBe(true);
});

test.each([
  ['psql -c "drop table a"', 'psql -c "select 1"'],
  [lineOf(soft('psqls')), 'psql'],
  [lineOf(soft('tools/ls2')), 'ls'],
  [lineOf(soft('psql -c "select 1"')), ''],
  ['psql', 'psql -c "select 1"'],
])('%j does not run %j', (line, command) => expect(runs(line, command)).toBe(false));

test('what a call starts is a part of it, whatever quotes the words', () => {
  const command = `cd /srv && sallyport exec -- psql -c "select 'a b'" && ls`;
  expect(isPartOf(`'psql' '-c' 'select '\\''a b'\\'''`, command)).toBe(true);
  expect(isPartOf('psql -c "drop table a"', command)).toBe(false);
  expect(isPartOf('l', command)).toBe(false);
  expect(isPartOf('', command)).toBe(false);
});
