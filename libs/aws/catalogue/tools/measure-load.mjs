// What loading the catalogue takes: `npm run build && node --expose-gc libs/aws/catalogue/tools/measure-load.mjs`.
import { loadCatalogue } from '../../dist/catalogue/index.js';

const memory = () => {
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
};
const measured = (name, act) => {
  const before = memory();
  const start = performance.now();
  const result = act();
  const milliseconds = performance.now() - start;
  console.log(`${name}: ${milliseconds.toFixed(1)} ms, ${(memory() - before).toFixed(1)} MB`);
  return result;
};

const catalogue = measured('load', loadCatalogue);
const protocols = new Map();
let operations = 0;
measured('parse every service', () => {
  for (const service of catalogue.services.values()) {
    operations += service.operations.size;
    for (const protocol of service.protocols) protocols.set(protocol, (protocols.get(protocol) ?? 0) + 1);
  }
});
console.log(`${catalogue.services.size} services, ${operations} operations`);
console.log([...protocols].map(([name, count]) => `${name} ${count}`).join(', '));
