import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

// oxc (inside Vite) emits the decorator metadata that Nest injects by. The source condition lets tests run unbuilt.
const shared = {
  root,
  resolve: { conditions: ['@sallyport/source'] },
  ssr: { resolve: { conditions: ['@sallyport/source'] } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } } as never,
};

// unit: pure tables, no server · service: a module on a real database · e2e: the built product and real clients
export default defineConfig({
  root,
  test: {
    reporters: ['default', fileURLToPath(new URL('./plain-reporter.mjs', import.meta.url))],
    maxWorkers: 2,
    projects: [
      { ...shared, test: { name: 'unit', isolate: false, include: ['{apps,libs,e2e}/**/*.test.ts'], exclude: ['**/dist/**', '**/node_modules/**'], testTimeout: 20_000 } },
      { ...shared, test: { name: 'service', include: ['{apps,libs}/**/*.spec.ts'], exclude: ['**/dist/**', '**/node_modules/**'], testTimeout: 60_000, hookTimeout: 120_000 } },
      { ...shared, test: { name: 'e2e', include: ['e2e/specs/**/*.e2e.ts'], testTimeout: 120_000, hookTimeout: 240_000, fileParallelism: false } },
    ],
  },
});
