/** Loads the catalogue in a process of its own and says what it took; run with --expose-gc. */
import { loadCatalogue } from '@sallyport/aws';

const megabytes = (): { heap: number; outside: number } => {
  globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed / 1e6, outside: arrayBuffers / 1e6 };
};

const before = megabytes();
const began = performance.now();
const catalogue = loadCatalogue();
const milliseconds = performance.now() - began;
const after = megabytes();
const services = catalogue.services.size;
console.log(
  JSON.stringify({
    milliseconds,
    services,
    heapMegabytes: after.heap - before.heap,
    outsideMegabytes: after.outside - before.outside,
  }),
);
