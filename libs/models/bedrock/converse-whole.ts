/** An answer of Converse that comes whole. */
import { itemsOf, type JsonEdit, type JsonNode, jsonString, member, stringOf } from '../json-spans.js';
import type { Told } from '../openai/answer.js';
import { converseCall, decideConverse, Turns } from './converse-call.js';
import { converseUsage } from './converse-facts.js';
import { converseEdits, type LeafMasking } from './converse-leaves.js';

const said = (text: string): Uint8Array => Buffer.from(JSON.stringify({ text }));

const blockEdits = async (
  document: Uint8Array,
  { block, index }: { readonly block: JsonNode; readonly index: number },
  { told, turns, masking }: { readonly told: Told; readonly turns: Turns; readonly masking: LeafMasking },
): Promise<JsonEdit[]> => {
  const toolUse = member(block, 'toolUse');
  if (toolUse === undefined) return converseEdits(document, block, { masking });
  const call = converseCall(document, toolUse);
  const node = member(toolUse, 'input');
  const input = node === undefined ? '{}' : Buffer.from(document.subarray(node.start, node.end)).toString();
  const decision = await decideConverse(call, { input, index }, told.decisions);
  turns.count(call, decision);
  if (decision.denial !== undefined) return [{ start: block.start, end: block.end, bytes: said(decision.denial) }];
  const edits = converseEdits(document, block, { masking, skip: [node] });
  if (node === undefined || decision.call.input === input) return edits;
  return [...edits, { start: node.start, end: node.end, bytes: Buffer.from(decision.call.input) }];
};

export const converseAnswer = async (document: Uint8Array, node: JsonNode, told: Told): Promise<JsonEdit[]> => {
  const { decisions, facts } = told;
  const { texts } = decisions;
  const masking: LeafMasking = {
    string: (bytes, one) => texts.shown(bytes, one),
    input: (text) => texts.input(text),
  };
  const turns = new Turns();
  const usage = converseUsage(node, told.request.model);
  if (usage !== undefined) facts.usage = usage;
  const content = member(member(member(node, 'output'), 'message'), 'content');
  const edits = converseEdits(document, node, { masking, skip: [content] });
  for (const [index, block] of itemsOf(content).entries())
    edits.push(...(await blockEdits(document, { block, index }, { told, turns, masking })));
  const reason = member(node, 'stopReason');
  const reasonTold = stringOf(document, reason);
  if (reason !== undefined && reasonTold !== undefined) {
    facts.stopReason = turns.stopReason(reasonTold);
    if (facts.stopReason !== reasonTold)
      edits.push({ start: reason.start, end: reason.end, bytes: jsonString(facts.stopReason) });
  }
  return edits.sort((left, right) => left.start - right.start);
};

/** An error of AWS: its words, without their values. */
export const isError = (node: JsonNode): boolean => member(node, 'output') === undefined;
