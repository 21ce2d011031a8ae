import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { median } from './figures.js';

/** Milliseconds that the disk below this folder takes to promise one page of PostgreSQL: no commit is faster. */
export function diskSyncMilliseconds(folder: string): number {
  const file = path.join(folder, 'sync-probe');
  const page = Buffer.alloc(8192, 1);
  const descriptor = openSync(file, 'w');
  try {
    return median(
      Array.from({ length: 100 }, () => {
        const began = performance.now();
        writeSync(descriptor, page, 0, page.length, 0);
        fdatasyncSync(descriptor);
        return performance.now() - began;
      }),
    );
  } finally {
    closeSync(descriptor);
    rmSync(file);
  }
}
