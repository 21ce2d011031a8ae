import { type BundleRecord, parseRecord } from './bundle-records.js';
import { type Pins, readPins } from './pins.js';
import { Findings, type Report } from './report.js';
import { Verification } from './verification.js';

const failed = (findings: Findings): Report => ({
  ok: false,
  size: 0,
  findings: findings.list,
  findingCount: findings.total,
  proven: [],
  notProven: ['anything at all: the bundle could not be read'],
  unwitnessed: [],
  openSessions: [],
  counts: { ...findings.counts },
});

/**
 * Verifies a bundle line by line, with no more than the open sessions and one line in memory, and no network.
 * What is wrong is in the report; it throws INVALID_INPUT only for pins that make no sense.
 *
 * @param lines with or without their newlines
 */
export async function verifyBundle(lines: AsyncIterable<string>, pins: Pins): Promise<Report> {
  const read = readPins(pins);
  const findings = new Findings();
  let verification: Verification | undefined;
  try {
    for await (const line of lines) {
      findings.counts.lines += 1;
      findings.line = findings.counts.lines;
      const record = recordOf(line, findings);
      if (verification !== undefined) {
        if (record !== undefined) verification.take(record);
      } else if (record?.type === 'header') verification = new Verification(findings, record, read);
      else {
        findings.add('header.missing', 'a bundle begins with a header record');
        return failed(findings);
      }
    }
  } catch (error) {
    findings.add(
      'bundle.unreadable',
      `the bundle cannot be read on: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
  if (verification === undefined && findings.total === 0) findings.add('header.missing', 'the bundle is empty');
  return verification?.finish() ?? failed(findings);
}

function recordOf(line: string, findings: Findings): BundleRecord | undefined {
  try {
    return parseRecord(line.endsWith('\n') ? line.slice(0, -1) : line);
  } catch (error) {
    findings.add('line.malformed', `a line is no record: ${error instanceof Error ? error.message : 'unknown'}`);
    return undefined;
  }
}
