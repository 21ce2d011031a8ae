/** Answers that are documents: read whole, parsed, changed where something is hidden, and otherwise left byte for byte. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { GatewayError } from '@sallyport/core';
import { headerOf } from '@sallyport/http';
import type { Masker } from '@sallyport/masking';
import { type Body, codingOf, decoded, nothing, only, readWhole } from './bodies.js';
import { cbor, readCbor } from './cbor-reader.js';
import { errorNode } from './error-members.js';
import { maskHeaders, withHeader, without } from './headers.js';
import { type Place, TreeHider } from './hide-tree.js';
import { XmlHider } from './hide-xml.js';
import { json, readJson } from './json-reader.js';
import type { AnswerMembers, MemberNode, ServiceMembers } from './members.js';
import { notUnderstood } from './not-understood.js';
import type { Tally } from './tally.js';
import { TextHider } from './texts.js';
import { applied, type TreeNode } from './tree.js';
import type { Headers, MaskedCall, MaskedResponse, ResponseHead } from './types.js';
import { readXml, type XmlElement } from './xml-reader.js';

/** The longest answers of AWS are 16 MiB (DynamoDB) and 25 MB (Bedrock). */
export const mostBytes = 32 * 1024 * 1024;

const document: MemberNode = { d: 1 };
const noService: ServiceMembers = { protocols: [], nodes: [0], quiet: new Set() };

/** Looks into documents that stand in texts as well. */
export const textHider = (masker: Masker, tally: Tally): TextHider => {
  const texts: TextHider = new TextHider(masker, tally, (text) => {
    const bytes = Buffer.from(text);
    let tree: TreeNode;
    try {
      tree = readJson(bytes);
    } catch {
      return undefined; // no document: looked at as a text
    }
    const hider = new TreeHider(bytes, json, texts, noService);
    hider.hide(tree, { node: document, fields: undefined, free: true });
    return hider.edits.length === 0 ? undefined : Buffer.from(applied(bytes, hider.edits)).toString();
  });
  return texts;
};

type Family = 'json' | 'xml' | 'cbor';
const families: Readonly<Record<MaskedCall['protocol'], Family>> = {
  json: 'json',
  'rest-json': 'json',
  query: 'xml',
  ec2: 'xml',
  'rest-xml': 'xml',
  'rpc-v2-cbor': 'cbor',
};
const contradictions: Readonly<Record<Family, RegExp>> = {
  json: /xml|cbor|event-?stream/i,
  xml: /json|cbor|event-?stream/i,
  cbor: /xml|json|event-?stream/i,
};

/** Emulators and proxies say `text/html` of anything: only what contradicts the protocol is refused. */
const checkType = (family: Family, type: string | undefined): void => {
  if (type === undefined) return;
  if (contradictions[family].test(type)) throw notUnderstood(`the answer is no ${family} by its content type`);
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii|iso-8859-1)$/i.test(charset))
    throw notUnderstood('the answer is in another character set than UTF-8');
};

export interface Documents {
  readonly call: MaskedCall;
  readonly answer: AnswerMembers;
  readonly texts: TextHider;
  readonly masker: Masker;
}

/** @param described false for errors, of whose members only `errorNode` knows any */
export const maskedBytes = (
  bytes: Uint8Array,
  { call, answer, texts, masker }: Documents,
  described: boolean,
): Uint8Array => {
  if (bytes.length === 0) return bytes;
  texts.begin();
  const node = described ? answer.service.nodes[answer.node] || undefined : errorNode(call.service);
  const fields = described || node ? masker.fields(call.service, call.operation) : undefined;
  const place: Place = { node, fields, free: false };
  const family = families[call.protocol];
  if (family !== 'xml') return maskedTree(bytes, family, { texts, answer }, place);
  const hider = new XmlHider(bytes, texts, answer.service);
  const root = readXml(bytes);
  const results = resultsOf(root, call);
  for (const element of results) hider.hide(element, place);
  if (!results.includes(root)) hider.hideAround(root, results);
  return applied(bytes, hider.edits);
};

/** The query protocol puts the result into an element of its own. */
const resultsOf = (root: XmlElement, { protocol }: MaskedCall): readonly XmlElement[] => {
  const results = protocol === 'query' ? root.children.filter(({ name }) => name.endsWith('Result')) : [];
  return results.length > 0 ? results : [root];
};

/** A document that is not a whole answer: an event's. */
export const maskedPayload = (bytes: Uint8Array, documents: Documents, place: Place): Uint8Array => {
  const family = families[documents.call.protocol];
  if (bytes.length === 0) return bytes;
  documents.texts.begin();
  if (family !== 'xml') return maskedTree(bytes, family, documents, place);
  const hider = new XmlHider(bytes, documents.texts, documents.answer.service);
  hider.hide(readXml(bytes), place);
  return applied(bytes, hider.edits);
};

const maskedTree = (
  bytes: Uint8Array,
  family: 'json' | 'cbor',
  { texts, answer }: Pick<Documents, 'texts' | 'answer'>,
  place: Place,
): Uint8Array => {
  const [tree, format] = family === 'json' ? [readJson(bytes), json] : [readCbor(bytes), cbor];
  const hider = new TreeHider(bytes, format, texts, answer.service);
  hider.hide(tree, place);
  return applied(bytes, hider.edits);
};

export const structuredResponse = async (
  head: ResponseHead,
  body: Body,
  documents: Documents,
  tally: Tally,
): Promise<MaskedResponse> => {
  if (head.status < 500) return structured(head, body, documents, tally);
  try {
    return await structured(head, body, documents, tally);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'RESPONSE_NOT_UNDERSTOOD') throw error;
    return withoutWords(head, documents, tally);
  }
};

/** A proxy's page in front of AWS: the client tries again by the status, and the page stays where it is. */
const withoutWords = (
  { status, headers }: ResponseHead,
  { answer, texts }: Documents,
  tally: Tally,
): MaskedResponse => {
  const kept = without(
    maskHeaders(headers, answer, texts),
    (name) => name === 'content-encoding' || digests.test(name),
  );
  return { head: { status, headers: withHeader(kept, 'content-length', '0') }, body: nothing(), result: tally };
};

const structured = async (
  head: ResponseHead,
  body: Body,
  documents: Documents,
  tally: Tally,
): Promise<MaskedResponse> => {
  checkType(families[documents.call.protocol], headerOf(head.headers, 'content-type'));
  const coding = codingOf(headerOf(head.headers, 'content-encoding'));
  const bytes = await readWhole(coding ? decoded(body, coding) : body, mostBytes);
  const masked = maskedBytes(bytes, documents, head.status < 300);
  const headers = maskHeaders(head.headers, documents.answer, documents.texts);
  const plain = coding ? without(headers, (name) => name === 'content-encoding') : headers;
  const isSame = masked === bytes && coding === undefined;
  return {
    head: { status: head.status, headers: isSame ? plain : describing(plain, masked) },
    body: only(masked),
    result: tally,
  };
};

const digests = /^(?:x-amz-checksum-|digest$|content-digest$|repr-digest$)/;

/** What headers say of the body, after it was changed. */
export const describing = (headers: Headers, bytes: Uint8Array): Headers => {
  const sized = withHeader(
    without(headers, (name) => digests.test(name)),
    'content-length',
    String(bytes.length),
  );
  const summed =
    headerOf(sized, 'x-amz-crc32') === undefined ? sized : withHeader(sized, 'x-amz-crc32', String(crc32(bytes)));
  if (headerOf(summed, 'content-md5') === undefined) return summed;
  return withHeader(summed, 'content-md5', createHash('md5').update(bytes).digest('base64'));
};
