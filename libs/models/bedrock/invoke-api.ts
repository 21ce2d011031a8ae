/** In whose words a body of InvokeModel is. */
import { member, parseRequest } from '../json-spans.js';
import type { ModelApi } from '../types.js';
import type { BedrockTarget } from './frames.js';
import { bedrockInvoke, maskInvokeFrames } from './invoke.js';
import { bedrockNova, maskNovaFrames } from './nova.js';
import { bedrockOther, maskOtherFrames } from './other/index.js';

export interface FramedApi extends ModelApi {
  /** Of an answer in the events of an AWS event stream. */
  readonly maskFrames: typeof maskInvokeFrames;
}

/** Only words that the named maker's models understand are read as these: elsewhere they could hide others. */
export const invokeApi = (target: BedrockTarget, body: Uint8Array): FramedApi => {
  const { model } = target;
  if (mayBeOf(model, /anthropic/) && has(body, 'anthropic_version'))
    return { ...bedrockInvoke(target), maskFrames: maskInvokeFrames };
  const isNova = /amazon\.nova/.test(model) ? has(body, 'messages') : isArn(model) && has(body, 'schemaVersion');
  if (isNova) return { ...bedrockNova(target), maskFrames: maskNovaFrames };
  return { ...bedrockOther(target), maskFrames: maskOtherFrames };
};

/** A profile of the account's own does not say whose model is behind it. */
const isArn = (model: string): boolean => model.startsWith('arn:');
const mayBeOf = (model: string, maker: RegExp): boolean => maker.test(model) || isArn(model);

/** What cannot be read is in nobody's words, and is refused when it is described. */
const has = (body: Uint8Array, name: string): boolean => {
  try {
    return member(parseRequest(body), name) !== undefined;
  } catch {
    return false;
  }
};
