// tsc copies no data files: what the built packages read at run time beside their code is copied here, from a list.
import { cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const assets = [
  ['libs/aws/catalogue/data', 'libs/aws/dist/catalogue/data'],
  ['libs/aws/describe/data', 'libs/aws/dist/describe/data'],
  ['libs/protocols/aws/masking/data', 'libs/protocols/dist/aws/masking/data'],
];
for (const [from, to] of assets) if (existsSync(root + from)) cpSync(root + from, root + to, { recursive: true });
