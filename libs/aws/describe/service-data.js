/** What the build step found out about each operation; read when a service is first used. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
const newline = 0x0a;
/** About 1.7 MB outside the heap; throws only where the file of this package is missing. */
const readLines = () => {
    const bytes = gunzipSync(readFileSync(new URL('./data/iam.jsonl.gz', import.meta.url)));
    const lines = [];
    for (let at = 0; at < bytes.length;) {
        const end = bytes.indexOf(newline, at);
        lines.push(bytes.subarray(at, end));
        at = end + 1;
    }
    const names = parseLine(lines[0]);
    return new Map(names.map((name, at) => [name, lines[at + 1]]));
};
const parseLine = (line) => JSON.parse(Buffer.from(line).toString('utf8'));
let lines;
const kept = new Map();
/** Of the services that were asked for last: a client that goes through all of them must not fill the heap. */
const mostKept = 64;
/** @returns undefined where the models have no such service */
export const serviceData = (service) => {
    const known = kept.get(service);
    if (known !== undefined)
        return known;
    lines ??= readLines();
    const line = lines.get(service);
    if (line === undefined)
        return undefined;
    if (kept.size >= mostKept)
        kept.delete(kept.keys().next().value);
    const parsed = parseLine(line);
    kept.set(service, parsed);
    return parsed;
};
/** Every service that there is data of. */
export const describedServices = () => [...(lines ??= readLines()).keys()];
export const operationData = (service, operation) => {
    const operations = serviceData(service)?.operations;
    return operations !== undefined && Object.hasOwn(operations, operation) ? operations[operation] : undefined;
};
//# sourceMappingURL=service-data.js.map