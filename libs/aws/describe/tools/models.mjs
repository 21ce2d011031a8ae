// botocore's service models, as far as describing needs them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const folder = process.env.BOTOCORE_DATA;
if (!folder) throw new Error('set BOTOCORE_DATA to the folder botocore/data of an unpacked wheel');

const read = (path) => JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'));

/** The newest model of each service, in order of name. */
export function* models() {
  for (const service of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()) {
    const versions = readdirSync(`${folder}/${service}`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(`${folder}/${service}/${entry.name}/service-2.json.gz`))
      .map(({ name }) => name)
      .sort();
    if (versions.length > 0) yield { service, model: read(`${folder}/${service}/${versions.at(-1)}/service-2.json.gz`) };
  }
}


export const operationShape = (model, name) => {
  const operation = model.operations[name];
  return {
    method: operation.http?.method ?? 'POST',
    uri: operation.http?.requestUri ?? '/',
    input: operation.input?.shape,
    output: operation.output?.shape,
  };
};

const scalar = new Set(['string', 'integer', 'long', 'boolean', 'float', 'double', 'timestamp', 'blob', 'character']);
const deepest = 4;

/** Names a member may have on the wire, that differ by more than case: a service may speak several protocols. */
const wireName = (name, reference, shape, isList) => {
  const others = [reference.locationName, reference.queryName, isList ? shape.member?.locationName : undefined];
  const isPart = reference.location !== undefined;
  const named = isPart ? [] : others.filter((other) => other && other.toLowerCase() !== name.toLowerCase());
  return [name, ...new Set(named)].join('|');
};

/** Every input member below the operation, with the path by which a request names it. */
export const inputsOf = (model, shape) => {
  const found = [];
  const visit = (name, context) => {
    for (const [member, reference] of Object.entries(model.shapes[name]?.members ?? {})) visitMember(member, reference, context);
  };
  const visitMember = (member, reference, { path, depth, seen }) => {
    let target = model.shapes[reference.shape];
    let isSensitive = reference.sensitive === true || target.sensitive === true;
    const wire = wireName(member, reference, target, target.type === 'list');
    let at = path === '' ? wire : `${path}.${wire}`;
    let shapeName = reference.shape;
    while (target.type === 'list' || target.type === 'map') {
      shapeName = (target.member ?? target.value).shape;
      at += target.type === 'list' ? '[]' : '{}';
      target = model.shapes[shapeName];
      isSensitive ||= target.sensitive === true;
    }
    const isLeaf = scalar.has(target.type);
    if (isLeaf || isSensitive) found.push({ name: member, path: at, depth, type: target.type, sensitive: isSensitive, location: reference.location });
    if (isLeaf || depth >= deepest || seen.includes(shapeName)) return;
    visit(shapeName, { path: at, depth: depth + 1, seen: [...seen, shapeName] });
  };
  if (shape.input) visit(shape.input, { path: '', depth: 0, seen: [shape.input] });
  return found;
};

/** Names of output members that hold text or bytes. */
export const leavesOf = (model, shapeName) => {
  const names = new Set();
  const visit = (name, seen, depth) => {
    const shape = model.shapes[name];
    if (!shape || depth > 6 || seen.includes(name)) return;
    const next = [...seen, name];
    if (shape.type === 'list') visit(shape.member.shape, next, depth + 1);
    if (shape.type === 'map') visit(shape.value.shape, next, depth + 1);
    for (const [member, reference] of Object.entries(shape.members ?? {})) {
      const target = model.shapes[reference.shape];
      if (['string', 'blob'].includes(target.type) && !target.enum) names.add(member);
      visit(reference.shape, next, depth + 1);
    }
  };
  if (shapeName) visit(shapeName, [], 0);
  return [...names];
};
