const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const reference = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,4}));|&/g;

/** What a numeric reference stands for. S3 refers to control characters in keys, which XML 1.0 does not allow: taken. */
const character = (code: number): string | undefined =>
  code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? undefined : String.fromCodePoint(code);

/** @returns what the text of an XML document means, undefined where a reference is none of XML's own */
export const unescapeText = (raw: string): string | undefined => {
  const text = raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw;
  if (!text.includes('&')) return text;
  let known = true;
  const value = text.replace(reference, (_, decimal?: string, hex?: string, name?: string) => {
    const found = name
      ? Object.hasOwn(named, name)
        ? named[name]
        : undefined
      : character(decimal ? Number(decimal) : Number.parseInt(hex ?? '0', 16));
    known &&= found !== undefined;
    return found ?? '';
  });
  return known ? value : undefined;
};

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text for an element or an attribute; control characters as the references that S3 writes for them. */
export const escapeText = (value: string): string =>
  value.replace(
    /[&<>"'\x7f]|[^\t\n\x20-\ufffd]/g,
    (found) => escapes[found] ?? `&#x${found.charCodeAt(0).toString(16).toUpperCase()};`,
  );
