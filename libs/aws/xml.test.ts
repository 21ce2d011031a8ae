import { rounds, seededNumbers } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { escapeText, parseXml, type XmlElement, xmlLimits, xmlText, xmlTokens } from './xml.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const tokens = (text: string) => [...xmlTokens(text)];

const listing = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
<Contents><Key>a&amp;b</Key><ETag>&quot;1&quot;</ETag></Contents><Contents><Key>é&#x1F600;&#10;</Key></Contents><Prefix/></ListBucketResult>`;

test('a listing of S3 becomes a tree', () => {
  const root = parseXml(bytes(listing));
  expect(root.name).toBe('ListBucketResult');
  expect(root.attributes.get('xmlns')).toBe('http://s3.amazonaws.com/doc/2006-03-01/');
  expect(root.children.map(({ name }) => name)).toEqual(['Name', 'Contents', 'Contents', 'Prefix']);
  expect(root.children[1]!.children.map(({ text }) => text)).toEqual(['a&b', '"1"']);
  expect(root.children[2]!.children[0]!.text).toBe('é😀\n');
});

test('the tokens lie end to end, so that one text can be replaced and every other byte stays', () => {
  let rewritten = '';
  for (const token of xmlTokens(listing)) {
    const secret = token.kind === 'text' && token.value === 'a&b';
    rewritten += secret ? escapeText('<hidden>') : listing.slice(token.start, token.end);
  }
  expect(rewritten).toBe(listing.replace('a&amp;b', '&lt;hidden&gt;'));
});

test('a prefix, a byte order mark, a comment, a section and both quotes are understood', () => {
  const root = parseXml(bytes(`\ufeff<a:r x='1"' y="2'"><!-- - --><![CDATA[<&]]>\r\n]]<b /></a:r >\n`));
  expect(root).toEqual({
    name: 'r',
    attributes: new Map([
      ['x', '1"'],
      ['y', "2'"],
    ]),
    children: [{ name: 'b', attributes: new Map(), children: [], text: '' }],
    text: '<&\n]]',
  });
});

test('a control character that S3 refers to in a key is read and written again', () => {
  expect(parseXml(bytes('<Key>a&#x1;b</Key>')).text).toBe('a\x01b');
  expect(escapeText('a\x01\r"b')).toBe('a&#x1;&#xD;&quot;b');
});

describe('is refused:', () => {
  test.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an entity of one’s own', '<a>&b;</a>'],
    ['an entity of an object’s prototype', '<a>&constructor;</a>'],
    ['a bare ampersand', '<a>b & c</a>'],
    ['a reference to nothing', '<a>&#0;</a>'],
    ['half a surrogate', '<a>&#xD800;</a>'],
    ['a reference past Unicode', '<a>&#x110000;</a>'],
    ['a processing instruction', '<?php x?><a/>'],
    ['a declaration that comes late', '<!-- a --><?xml version="1.0"?><a/>'],
    ['a declaration inside', '<a><?xml version="1.0"?></a>'],
    ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>'],
    ['tags that cross', '<a><b></a></b>'],
    ['a tag without end', '<a><b></b>'],
    ['an end without a tag', '<a/></a>'],
    ['two roots', '<a/><b/>'],
    ['text before the root', 'a<a/>'],
    ['text after the root', '<a/>a'],
    ['a reference after the root', '<a/>&#32;'],
    ['a section outside the root', '<a/><![CDATA[a]]>'],
    ['no root', ' '],
    ['nothing', ''],
    ['an attribute given twice', '<a b="1" b="2"/>'],
    ['an attribute without quotes', '<a b=1/>'],
    ['attributes that touch', '<a b="1"c="2"/>'],
    ['a tag in an attribute', '<a b="<"/>'],
    ['two colons', '<a:b:c/>'],
    ['the end of a section in text', '<a>]]></a>'],
    ['two hyphens in a comment', '<a><!-- -- --></a>'],
    ['a section without end', '<a><![CDATA[</a>'],
    ['a control character', '<a>\x01</a>'],
    ['a space before a name', '< a/>'],
  ])('%s', (_, text) => {
    expect(() => parseXml(bytes(text))).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  });

  test('bytes that are not UTF-8', () => {
    expect(() => parseXml(Buffer.from('3c613eff3c2f613e', 'hex'))).toThrow('not UTF-8');
  });

  test('more than the limits', () => {
    const tooLarge = expect.objectContaining({ code: 'TOO_LARGE' });
    expect(() => parseXml(bytes('<a><b/></a>'), { ...xmlLimits, depth: 1 })).not.toThrow();
    expect(() => parseXml(bytes('<a><b></b></a>'), { ...xmlLimits, depth: 1 })).toThrow(tooLarge);
    expect(() => parseXml(bytes('<a><b/></a>'), { ...xmlLimits, nodes: 1 })).toThrow(tooLarge);
    expect(() => parseXml(bytes('<a><b/></a>'), { ...xmlLimits, bytes: 10 })).toThrow(tooLarge);
    expect(() => parseXml(bytes('<a>'.repeat(100_000)))).toThrow(tooLarge);
  });
});

test.each([
  ['tags', '<a '],
  ['attributes', ' a="b"'],
  ['ampersands', '&'],
  ['spaces', ' '],
  ['begins of comments', '<!-- '],
])('a megabyte of %s is judged in passing', (_, unit) => {
  const text = `<a b="c"${unit.repeat(Math.ceil(2 ** 20 / unit.length))}`;
  expect(() => tokens(text)).toThrow();
});

const random = seededNumbers(4);
const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
const names = ['Key', 'member', 'a', 'é', 'x.y-1'];
const texts = ['', ' ', 'a', '<&>"\'', '\x01\n\t', '😀', ']]>', '--'];
const tree = (depth: number): XmlElement => ({
  name: pick(names),
  attributes: new Map(random() < 0.3 ? [[pick(names), pick(texts)]] : []),
  children: depth === 0 ? [] : Array.from({ length: Math.floor(random() * 4) }, () => tree(depth - 1)),
  text: pick(texts),
});
const write = ({ name, attributes, children, text }: XmlElement): string =>
  `<${name}${[...attributes].map(([key, value]) => ` ${key}="${escapeText(value)}"`).join('')}>${escapeText(text)}${children.map(write).join('')}</${name}>`;

test('any tree that is written is read again', () => {
  for (let round = 0; round < rounds(100); round += 1) {
    const element = tree(4);
    expect(parseXml(bytes(write(element)))).toEqual(element);
  }
});

test('bytes changed at random are read or refused, never anything else, and tokens still cover all of them', () => {
  const original = Buffer.from(listing);
  for (let round = 0; round < rounds(1000); round += 1) {
    const changed = Buffer.from(original);
    for (let edits = 1 + random() * 3; edits > 0; edits -= 1)
      changed[Math.floor(random() * changed.length)] = pick([0x3c, 0x3e, 0x26, 0x22, 0x2f, 0x21, 0x41, 0xff, 0x00]);
    try {
      const text = xmlText(changed);
      expect(
        tokens(text)
          .map(({ start, end }) => text.slice(start, end))
          .join(''),
      ).toBe(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    }
  }
});
