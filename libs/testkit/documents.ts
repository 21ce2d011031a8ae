import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, from here and from the built package alike. */
const here = path.dirname(fileURLToPath(import.meta.url));
const rootAbove = (folder: string): string =>
  existsSync(path.join(folder, 'package-lock.json')) ? folder : rootAbove(path.dirname(folder));
export const repositoryRoot = rootAbove(here);

export const inRepository = (...parts: string[]): string => path.join(repositoryRoot, ...parts);
export const textOf = (file: string): string => readFileSync(inRepository(file), 'utf8');

const isOther = (name: string): boolean => ['node_modules', 'dist', '.git', '.sallyport'].includes(name);

/** Files below a folder, relative to the repository, without what is installed or built. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(inRepository(folder), { withFileTypes: true })
    .filter(({ name }) => !isOther(name))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(file) : [file];
    })
    .sort();

/** The hand-written documents that a reader starts from. */
export const documents = (): string[] => ['README.md', ...filesBelow('docs').filter((file) => file.endsWith('.md'))];

const withoutCode = (markdown: string): string => markdown.replace(/^(```|~~~)[\s\S]*?^\1\s*$/gm, '');

export interface Link {
  readonly document: string;
  readonly text: string;
  /** Relative to the repository; the document itself where the link is only an anchor. */
  readonly file: string;
  readonly anchor: string;
}

/** Inline links that do not lead out of the repository. */
export const linksOf = (document: string): Link[] =>
  [...withoutCode(textOf(document)).matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)]
    .map(([, text = '', target = '']) => ({ text, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .map(({ text, target }) => {
      const [file = '', anchor = ''] = target.split('#');
      return {
        document,
        text,
        file: file === '' ? document : path.normalize(path.join(path.dirname(document), file)),
        anchor,
      };
    });

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

export const anchorsOf = (document: string): Set<string> =>
  new Set([...withoutCode(textOf(document)).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) => slug(heading)));

/** Inline code, in order. */
export const codeOf = (markdown: string): string[] =>
  [...withoutCode(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

export const isThere = (file: string): boolean => existsSync(inRepository(file));
export const isFolder = (file: string): boolean => isThere(file) && statSync(inRepository(file)).isDirectory();

/** The rows of the first table below a heading, as trimmed cells; without its head. */
export const tableBelow = (document: string, heading: string): string[][] => {
  const section = textOf(document)
    .split(/^(?=#{1,6} )/m)
    .find((part) => part.split('\n', 1)[0]?.replace(/^#+ /, '') === heading);
  if (section === undefined) throw new Error(`${document} has no heading "${heading}"`);
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
};
