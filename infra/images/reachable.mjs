// Prints the workspaces that an app needs at run time, itself included: node reachable.mjs apps/agent /path/of/the/repository
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';

const [app, root] = process.argv.slice(2);
const byName = new Map();
for (const room of ['apps', 'libs'])
  for (const folder of readdirSync(path.join(root, room))) {
    const file = path.join(root, room, folder, 'package.json');
    if (existsSync(file)) byName.set(JSON.parse(readFileSync(file, 'utf8')).name, { folder: `${room}/${folder}`, file });
  }

const found = new Set();
const visit = (folder) => {
  if (found.has(folder)) return;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) if (byName.has(name)) visit(byName.get(name).folder);
};
visit(app);
console.log([...found].join('\n'));
