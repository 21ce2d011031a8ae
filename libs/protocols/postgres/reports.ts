/** Errors and notices are data too: a server writes values into their texts. */
import type { Masker } from '@sallyport/masking';
import { parseReport, type Report, reportMessage, sqlStateOf } from './backend.js';
import type { Hidden } from './hidden.js';
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
    return reportMessage(letter, withoutTexts(report, opaque));
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

/**
 * Class 42 speaks of the statement's own words and names where it points at a place in its text, as long as no code of
 * the target's could have raised it; without a place it may come of a value ('…'::regclass). A right that is missing is
 * told by the name of the object alone.
 */
const isAboutTheText = (report: Report, opaque: boolean): boolean =>
  !opaque &&
  !report.has('q') &&
  (sqlStateOf(report) === '42501' || (sqlStateOf(report).startsWith('42') && report.has('P')));

/** States that clients act upon. Code of the target's may raise any other five characters, and so tell a value. */
const known = new Set(
  '00000 01000 02000 08006 0A000 21000 22000 22001 22003 22007 22008 22012 22023 22P02 23000 23502 23503 23505 23514 23P01 25001 25006 25P01 25P02 26000 28000 2D000 34000 3D000 3F000 40001 40P01 42501 42601 42703 42704 42723 42804 42809 42830 42846 42883 42P01 42P02 42P03 42P05 42P07 53100 53200 53300 54000 54001 55000 55006 55P03 57014 57P01 57P02 57P03 58030 P0001 P0002 P0003 P0004 XX000'.split(
    ' ',
  ),
);

function withoutTexts(report: Report, opaque: boolean): Report {
  const kept = [...report].filter(([code]) => plain.has(code) || (!opaque && names.has(code)));
  const state = opaque && !known.has(sqlStateOf(report)) ? 'P0001' : sqlStateOf(report);
  return new Map([
    ...kept.filter(([code]) => !opaque || (code !== 'P' && code !== 'p')),
    ['C', state],
    ['M', 'the target’s message is withheld, because the statement may read a masked column'],
    ['H', `look up SQLSTATE ${state}`],
  ]);
}
