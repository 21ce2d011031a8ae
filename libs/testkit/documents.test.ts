import { assurances, identityClasses, maskingActions, outcomeStatuses, risks, roles } from '@sallyport/core';
import { eventNames } from '@sallyport/evidence';
import { protocols } from '@sallyport/protocols';
import { describe, expect, test } from 'vitest';
import {
  anchorsOf,
  codeOf,
  documents,
  filesBelow,
  isFolder,
  isThere,
  linksOf,
  tableBelow,
  textOf,
} from './documents.js';

const all = documents();

describe('the documents', () => {
  test.each(all)('%s: every link leads to a file that is there', (document) => {
    expect(linksOf(document).filter(({ file }) => !isThere(file))).toEqual([]);
  });

  test.each(all)('%s: every anchor is a heading of the page that it leads to', (document) => {
    const lost = linksOf(document).filter(
      ({ file, anchor }) => anchor !== '' && !(file.endsWith('.md') && anchorsOf(file).has(anchor)),
    );
    expect(lost).toEqual([]);
  });

  test.each(all)('%s: what a link calls by name is in the file that it leads to', (document) => {
    const lost = linksOf(document)
      .filter(({ file }) => file.endsWith('.ts'))
      .flatMap(({ text, file }) =>
        codeOf(text)
          .filter((name) => /^[A-Za-z]\w*$/.test(name) && !textOf(file).includes(name))
          .map((name) => `${name} in ${file}`),
      );
    expect(lost).toEqual([]);
  });

  test.each(all)('%s: every path of the repository that it names is there', (document) => {
    const paths = codeOf(textOf(document)).filter((code) =>
      /^(apps|libs|docs|e2e|infra|proto|\.ci|\.config)\/[\w./-]*$/.test(code),
    );
    expect(paths.filter((file) => !isThere(file))).toEqual([]);
  });

  test.each(all)('%s: every event that it names is in the catalogue', (document) => {
    const nouns = new Set(eventNames.map((name) => name.split('.')[0]));
    const named = codeOf(textOf(document)).filter(
      (code) => /^[a-z-]+\.[a-z-]+ed$/.test(code) && nouns.has(code.split('.')[0]),
    );
    expect(named.filter((name) => !(eventNames as readonly string[]).includes(name))).toEqual([]);
  });

  test.each(all)('%s: names no place of a builder’s machine and no registry', (document) => {
    expect(textOf(document)).not.toMatch(/\/(work|tmp|home|root)\/\w|registry\.|npmjs|\bCLAUDE\b/);
  });

  test('each page of docs/ is reached from the README by links', () => {
    const reached = new Set<string>(['README.md']);
    const follow = (document: string): void => {
      for (const { file } of linksOf(document)) {
        if (reached.has(file) || !file.endsWith('.md') || !isThere(file)) continue;
        reached.add(file);
        follow(file);
      }
    };
    follow('README.md');
    expect(all.filter((document) => !reached.has(document))).toEqual([]);
  });
});

describe('protocols', () => {
  const folders = filesBelow('libs/protocols')
    .map((file) => file.split('/')[2]!)
    .filter((name, index, names) => names.indexOf(name) === index && isFolder(`libs/protocols/${name}`))
    .filter((name) => name !== 'testing');

  test('each folder of libs/protocols is a protocol of its index, and the other way round', () => {
    expect(protocols.map(({ name }) => name).sort()).toEqual(folders.sort());
  });

  test.each(protocols.map(({ name }) => name))('%s has the rooms that adding-a-protocol.md asks for', (name) => {
    const rooms = tableBelow('docs/adding-a-protocol.md', 'The rooms').map(([room = '']) => codeOf(room)[0]!);
    expect(rooms.length).toBeGreaterThan(5);
    expect(rooms.filter((room) => !isThere(`libs/protocols/${name}/${room}`))).toEqual([]);
  });

  test('adding-a-protocol.md names every place outside a protocol’s folder that knows a protocol by name', () => {
    const product = [
      'apps/control-plane/src',
      'apps/agent/src',
      'libs/policy',
      'libs/core',
      'libs/tunnel',
      'libs/engine',
    ]
      .flatMap(filesBelow)
      .filter((file) => file.endsWith('.ts') && !/\.(test|spec|fixture)\.ts$|\/testing\//.test(file));
    const knowing = product.filter((file) => /['"]postgres['"]|\bpostgres:|sql\.execute'/.test(textOf(file)));
    const named = new Set(linksOf('docs/adding-a-protocol.md').map(({ file }) => file));
    expect(knowing.filter((file) => !named.has(file) && !known.has(file))).toEqual([]);
  });

  // PostgreSQL as the store, not as a protocol.
  const known = new Set([
    'apps/control-plane/src/platform/configuration/values.ts',
    'apps/control-plane/src/platform/database/server.ts',
    'apps/control-plane/src/platform/database/database.module.ts',
    'apps/control-plane/src/platform/database/migrate.ts',
  ]);
});

test('the glossary explains every word of the closed lists', () => {
  const explained = new Set(codeOf(textOf('docs/glossary.md')));
  const words = [...assurances, ...identityClasses, ...maskingActions, ...outcomeStatuses, ...risks, ...roles];
  expect(words.filter((word) => !explained.has(word))).toEqual([]);
});

test('every route that api.md names is one of the API', () => {
  const routes = textOf('apps/control-plane/src/platform/authorization/routes.golden.txt')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/).slice(0, 2).join(' '));
  const named = codeOf(textOf('docs/api.md')).filter((code) => /^(GET|POST|PATCH|PUT|DELETE) \//.test(code));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((route) => !routes.includes(route))).toEqual([]);
});

test('operations.md explains every metric of our own', () => {
  const sources = filesBelow('apps/control-plane/src').filter((file) => file.endsWith('.ts'));
  const metrics = sources.flatMap((file) =>
    [...textOf(file).matchAll(/name: '(sallyport_[a-z_]+)',?\s+help:/g)].map(([, name]) => name!),
  );
  const rows = tableBelow('docs/operations.md', 'Metrics').map(([name = '']) => codeOf(name)[0]);
  expect(rows.sort()).toEqual(metrics.sort());
});

test('the README’s transcript has the scenes of the play, in order', () => {
  const titles = [...textOf('README.md').matchAll(/^\d\. (.+)$/gm)].map(([, title]) => title!);
  const scenes = filesBelow('apps/quickstart/src/scenes').map(textOf).join('\n');
  expect(titles.length).toBe(filesBelow('apps/quickstart/src/scenes').length);
  expect(titles.filter((title) => !scenes.includes(`'${title}'`))).toEqual([]);
});
