/** Parts of a message, of both APIs: texts, and what is not text. */
import type { Findings } from './findings.js';
import { isMembers, memberOf, textOf } from './values.js';

const media: Readonly<Record<string, string>> = {
  input_image: 'image',
  image_url: 'image',
  computer_screenshot: 'image',
  input_file: 'document',
  file: 'document',
  input_audio: 'audio',
  output_audio: 'audio',
};
const texts = new Set(['text', 'input_text', 'output_text', 'summary_text', 'reasoning_text']);

/** An address that does not carry the thing itself is one that the provider fetches. */
const isFetched = (address: string | undefined): boolean =>
  address !== undefined && address !== '' && !/^data:/i.test(address);

const sources = (part: unknown, found: Findings): void => {
  const { flags } = found;
  const image = memberOf(part, 'image_url');
  if (isFetched(typeof image === 'string' ? image : textOf(image, 'url'))) flags.add('remote-source');
  if (isFetched(textOf(part, 'file_url'))) flags.add('remote-source');
  for (const holder of [part, memberOf(part, 'file')])
    if (textOf(holder, 'file_id') !== undefined) flags.add('file-reference');
};

/** @returns the text of a part, where it is one */
export const partText = (part: unknown, found: Findings): string | undefined => {
  const type = textOf(part, 'type') ?? '';
  if (texts.has(type)) return textOf(part, 'text');
  if (type === 'refusal') return textOf(part, 'refusal');
  if (Object.hasOwn(media, type)) {
    found.media.add(media[type]!);
    found.parts += 1;
    sources(part, found);
  } else found.flags.add('unknown-blocks');
  return undefined;
};

/** @param content a text, a list of parts, or one part alone */
export const contentTexts = (content: unknown, found: Findings): readonly string[] => {
  if (typeof content === 'string') return [content];
  const parts = Array.isArray(content) ? content : isMembers(content) ? [content] : [];
  return parts.flatMap((part) => partText(part, found) ?? []);
};
