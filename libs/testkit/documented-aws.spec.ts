import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { awsServiceRows } from '../protocols/testing/aws-services.js';
import { tableBelow, textOf } from './documents.js';

const document = 'docs/aws-services.md';
const head = [
  'Service',
  'Protocols',
  'IAM prefix',
  'Operations',
  'Listed by IAM',
  'Always masked',
  'Never handed out',
  'Called by a test',
];

// Written anew with UPDATE_DOCUMENTS=1, after the catalogue, the lists or the tests have changed.
test('docs/aws-services.md has a row for each service, with what is described, masked and tested of it', () => {
  const rows = awsServiceRows();
  if (process.env['UPDATE_DOCUMENTS'] === '1') {
    const before = textOf(document);
    const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    writeFileSync(document, `${before.slice(0, before.indexOf('## The table'))}## The table\n\n${table}\n`);
  }
  expect(rows.length).toBeGreaterThan(400);
  expect(tableBelow(document, 'The table')).toEqual(rows);
});
