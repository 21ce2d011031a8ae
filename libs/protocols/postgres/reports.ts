/** Errors and notices are data too: a server writes values into their texts. */
import type { Masker } from '@sallyport/masking';
import { parseReport, type Report, reportMessage, sqlStateOf } from './backend.js';
import type { Hidden } from './rows.js';
import type { Message } from './wire.js';

/** Severity, SQLSTATE, positions, and where in the server's source it arose: never a value of the target. */
const plain = new Set(['S', 'V', 'C', 'P', 'p', 'F', 'L', 'R']);
/** Names of schema, table, column, type and constraint. */
const names = new Set(['s', 't', 'c', 'd', 'n']);

export interface ReportContext {
  readonly masker: Masker;
  /** The statement may read a masked column: then only the kind of the error is told. */
  readonly reaches: boolean;
  /** Code of the target's own ran, which may raise any SQLSTATE with any text. */
  readonly opaque: boolean;
}

/** @returns an ErrorResponse or NoticeResponse that holds no value of a masked column and nothing a detector finds */
export function cleanReport(
  message: Message,
  letter: 'E' | 'N',
  { masker, reaches, opaque }: ReportContext,
  hidden: Hidden,
): Buffer {
  const report = parseReport(message);
  if (reaches && !isAboutTheText(report, opaque)) {
    hidden.add(['unproven-origin']);
    return reportMessage(letter, withoutTexts(report));
  }
  let changed = false;
  const cleaned = new Map<string, string>();
  for (const [code, text] of report) {
    const found = plain.has(code) ? undefined : masker.scanText(text);
    cleaned.set(code, found?.text ?? text);
    if (found === undefined) continue;
    changed = true;
    hidden.add(found.rules);
  }
  return changed ? reportMessage(letter, cleaned) : message.raw;
}

/** Class 42 speaks of the statement's own words and names, as long as no code of the target's could have raised it. */
const isAboutTheText = (report: Report, opaque: boolean): boolean => !opaque && sqlStateOf(report).startsWith('42');

function withoutTexts(report: Report): Report {
  const kept = [...report].filter(([code]) => plain.has(code) || names.has(code));
  return new Map([
    ...kept,
    ['M', 'the target’s message is withheld, because the statement may read a masked column'],
    ['H', `look up SQLSTATE ${sqlStateOf(report)}`],
  ]);
}
