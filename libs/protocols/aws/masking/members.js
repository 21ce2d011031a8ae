/**
 * Which members of an answer hold something, as the build step wrote it: one line for a service, parsed when it is first
 * asked for. A service's members are a graph of nodes by number, 0 for "nothing below here"; a shape that holds itself is
 * a node that leads to itself.
 */
import { readFileSync } from 'node:fs';
const file = new URL('./data/members.jsonl', import.meta.url);
let lines;
let paging = new Set();
const services = new Map();
const load = () => {
    const [head = '{"paging":[]}', ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
    paging = new Set(JSON.parse(head).paging);
    return new Map(rest.map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]));
};
const nothing = { protocols: [], nodes: [0], quiet: new Set(), ops: {} };
const serviceOf = (name) => {
    const known = services.get(name);
    if (known)
        return known;
    lines ??= load();
    const line = lines.get(name);
    if (line === undefined)
        return nothing;
    const { protocols, nodes, ops, q } = JSON.parse(line);
    const service = { protocols, nodes, ops, quiet: new Set(q) };
    services.set(name, service);
    return service;
};
/** An operation that is not listed answers with members of which none is hidden; so does one of an unknown service. */
export const answerMembers = (service, operation) => {
    const known = serviceOf(service);
    const entry = Object.hasOwn(known.ops, operation) ? known.ops[operation] : 0;
    if (typeof entry === 'number')
        return { service: known, body: 'members', node: entry, headers: {} };
    return {
        service: known,
        body: entry.p ?? 'members',
        node: entry.n,
        headers: entry.h ?? {},
        ...(entry.m === undefined ? {} : { payload: entry.m }),
    };
};
/** Names of members by which the next page is asked for: what they hold was made by AWS and must come back as it is. */
export const isPaging = (name) => {
    lines ??= load();
    return paging.has(name);
};
//# sourceMappingURL=members.js.map