/** Bodies that are no documents of the protocol: objects, payloads of functions, files. They stream. */

import { headerOf } from '@sallyport/http';
import { looksBinary } from './binary.js';
import { type Body, codingOf, decoded, encoded, only, peeked, readWhole } from './bodies.js';
import { maskHeaders, without } from './headers.js';
import { builtInMask } from './hide-tree.js';
import { notUnderstood } from './not-understood.js';
import { cut, cutHead, notSatisfiable, placed, type WidenedRange, wanted } from './ranges.js';
import { type Documents, describing } from './structured.js';
import type { Tally } from './tally.js';
import type { MaskedResponse, MaskingSettings, ResponseHead } from './types.js';

export interface ObjectMasking extends Documents {
  readonly settings: MaskingSettings;
  readonly range: WidenedRange | undefined;
  readonly tally: Tally;
}

/** Payloads up to here are read whole: what is hidden in them may then be as long as it likes. */
const wholeBelow = 8 * 1024 * 1024;
const digests = /^(?:x-amz-checksum|x-amz-sha256-tree-hash$|content-md5$|digest$|content-digest$|repr-digest$)/;

const lengthOf = ({ headers }: ResponseHead): number | undefined => {
  const text = headerOf(headers, 'content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
};

/** Every byte looked at, as many bytes out as in. */
async function* scanned(body: Body, { masker, tally }: ObjectMasking): Body {
  const stream = masker.stream({ sameLength: true });
  let hidden = 0;
  const count = (): void => {
    if (stream.hidden > hidden) tally.add(stream.rules, stream.hidden - hidden);
    hidden = stream.hidden;
  };
  for await (const piece of body) {
    const output = stream.push(piece);
    count();
    if (output.length > 0) yield output;
  }
  const rest = stream.end();
  count();
  if (rest.length > 0) yield rest;
}

const checked = async (body: Body, masking: ObjectMasking, atBegin: boolean): Promise<Body> => {
  const { binary } = masking.settings;
  if (binary === 'scan') return scanned(body, masking);
  const { first, whole } = await peeked(body);
  if (!looksBinary(first, atBegin)) return scanned(whole, masking);
  if (binary === 'pass') return whole;
  throw notUnderstood('the object is no text, and such objects are refused by the connection’s rules');
};

/** Hidden whole: by the model, our list, or a rule. */
const wholeMask = ({ answer, masker, call }: ObjectMasking) => {
  const node = answer.service.nodes[answer.node] || undefined;
  const rule =
    answer.payload === undefined
      ? undefined
      : masker.fields(call.service, call.operation)?.member(answer.payload)?.mask;
  return rule ?? (node?.x ? builtInMask(node.x) : undefined);
};

export const objectResponse = async (
  head: ResponseHead,
  body: Body,
  masking: ObjectMasking,
): Promise<MaskedResponse> => {
  if (headerOf(head.headers, 'x-amz-transfer-encoding') !== undefined)
    throw notUnderstood('the answer has a digest behind its body');
  const headers = without(maskHeaders(head.headers, masking.answer, masking.texts), (name) => digests.test(name));
  const masked = { status: head.status, headers };
  const mask = wholeMask(masking);
  if (mask) return hiddenWhole(masked, mask.apply(''), mask.rule, masking);
  const coding = codingOf(headerOf(head.headers, 'content-encoding'));
  if (head.status === 206) return partOf(masked, body, masking, coding !== undefined);
  if (coding) return recoded(masked, body, masking, coding);
  const { first, whole } = await peeked(body);
  const length = lengthOf(masked);
  const isShort = length !== undefined && length <= wholeBelow;
  // Logs are kept as gzip files: a short one is opened, and stays as it is where nothing is found in it.
  if (isShort && (masking.call.service !== 's3' || isGzip(first))) return readAndMasked(masked, whole, masking);
  return { head: masked, body: await checked(whole, masking, true), result: masking.tally };
};

const isGzip = (first: Uint8Array): boolean => first[0] === 0x1f && first[1] === 0x8b;

const hiddenWhole = (
  head: ResponseHead,
  text: string | null,
  rule: string,
  { tally }: ObjectMasking,
): MaskedResponse => {
  tally.add([rule]);
  const bytes = Buffer.from(text ?? '');
  const headers = describing(
    without(head.headers, (name) => name === 'content-range' || name === 'content-encoding'),
    bytes,
  );
  return { head: { status: head.status === 206 ? 200 : head.status, headers }, body: only(bytes), result: tally };
};

const readAndMasked = async (head: ResponseHead, body: Body, masking: ObjectMasking): Promise<MaskedResponse> => {
  const bytes = await readWhole(body, wholeBelow);
  if (masking.settings.binary !== 'scan' && looksBinary(bytes, true))
    return { head, body: await checked(only(bytes), masking, true), result: masking.tally };
  const masked = masking.texts.blob(bytes);
  if (!masked) return { head, body: only(bytes), result: masking.tally };
  return {
    head: { status: head.status, headers: describing(head.headers, masked) },
    body: only(masked),
    result: masking.tally,
  };
};

const recoded = async (
  head: ResponseHead,
  body: Body,
  masking: ObjectMasking,
  coding: NonNullable<ReturnType<typeof codingOf>>,
): Promise<MaskedResponse> => ({
  // How long the encoded body will be is known when it has been made.
  head: { status: head.status, headers: without(head.headers, (name) => name === 'content-length') },
  body: encoded(await checked(decoded(body, coding), masking, true), coding),
  result: masking.tally,
});

const partOf = async (
  head: ResponseHead,
  body: Body,
  masking: ObjectMasking,
  isEncoded: boolean,
): Promise<MaskedResponse> => {
  const { begin, size } = placed(head);
  const length = lengthOf(head);
  const isAll = begin === 0 && length === size;
  const { range, tally } = masking;
  if (isEncoded) throw notUnderstood('a part of a compressed object cannot be masked');
  if (!range) {
    if (!isAll) throw notUnderstood('a part of an object was asked for by its number: ask for a range of bytes');
    return { head, body: await checked(body, masking, true), result: tally };
  }
  const want = wanted(range.asked, size);
  if (!want) return { ...notSatisfiable(head, size), result: tally };
  if (want.begin < begin) throw notUnderstood('the target sent another part of the object than was asked for');
  const clean = await checked(body, masking, begin === 0);
  return { head: cutHead(head, want, size), body: cut(clean, begin, want), result: tally };
};
