import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../figures.js';

export interface CatalogueFigures {
  readonly services: number;
  readonly milliseconds: number;
  /** On V8's heap, and beside it; 10^6 bytes. */
  readonly heapMegabytes: number;
  readonly outsideMegabytes: number;
}

/** Of processes that have just begun, as nothing is warm there. */
export function measureCatalogue(): CatalogueFigures {
  const program = fileURLToPath(new URL('./catalogue-probe.js', import.meta.url));
  const all = Array.from({ length: 5 }, () => {
    const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', program], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    if (status !== 0) throw new Error('the catalogue did not load');
    return JSON.parse(stdout) as CatalogueFigures;
  });
  const of = (read: (one: CatalogueFigures) => number): number => median(all.map(read));
  return {
    services: all[0]!.services,
    milliseconds: of((one) => one.milliseconds),
    heapMegabytes: of((one) => one.heapMegabytes),
    outsideMegabytes: of((one) => one.outsideMegabytes),
  };
}
