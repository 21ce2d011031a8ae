// Writes ../data/members.jsonl: for every operation of AWS which members of its answer hold secrets, blobs or free text.
//   pip download botocore==1.43.107 --no-deps && unzip -q botocore-*.whl -d /some/place
//   BOTOCORE_DATA=/some/place/botocore/data node libs/protocols/aws/masking/tools/build-members.mjs
// From the models' own marks, plus missed.mjs, minus overmarked.mjs. What is written is read by ../members.ts, which says
// what the fields mean. With --report the figures per service go to standard output.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { missed } from './missed.mjs';
import { overmarked } from './overmarked.mjs';
import { compileService, patternsOf } from './service-graph.mjs';

const root = process.env.BOTOCORE_DATA;
if (!root) throw new Error('BOTOCORE_DATA names no folder: see the head of this file');

const latest = (folder) => readdirSync(folder).sort().at(-1);
const read = (...parts) => {
  const file = join(root, ...parts);
  return JSON.parse(existsSync(file) ? readFileSync(file, 'utf8') : gunzipSync(readFileSync(`${file}.gz`)).toString());
};
const services = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

const lists = { missed: patternsOf(missed), overmarked: patternsOf(overmarked) };
const lines = [];
const reports = [];
for (const service of services) {
  const model = read(service, latest(join(root, service)), 'service-2.json');
  const { data, report } = compileService(service, model, lists);
  lines.push(`${service}\t${JSON.stringify(data)}`);
  reports.push({ service, ...report });
}

const unused = [...lists.missed, ...lists.overmarked].filter(({ used }) => !used).map(({ text }) => text);
if (unused.length > 0) throw new Error(`these patterns meet nothing:\n  ${unused.join('\n  ')}`);

const tokens = new Set();
for (const service of services) {
  const folder = join(service, latest(join(root, service)));
  if (!readdirSync(join(root, folder)).includes('paginators-1.json')) continue;
  for (const { output_token: output } of Object.values(read(folder, 'paginators-1.json').pagination))
    for (const name of [output].flat()) if (/^\w+token$/i.test(name)) tokens.add(name);
}

const head = JSON.stringify({ paging: [...tokens].sort() });
const target = fileURLToPath(new URL('../data/members.jsonl', import.meta.url));
writeFileSync(target, `${[head, ...lines].join('\n')}\n`);

if (process.argv.includes('--report')) {
  const total = { operations: 0, hidden: 0, model: 0, list: 0, off: 0 };
  for (const report of reports) for (const key of Object.keys(total)) total[key] += report[key];
  console.log(JSON.stringify(total));
  for (const report of reports) console.log(Object.values(report).join('\t'));
}
