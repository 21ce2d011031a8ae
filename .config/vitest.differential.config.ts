import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// `npm run differential`: the test suites of others, direct and through the gateway. Not a part of `npm test`: it takes
// minutes, and fetches what it runs.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['@sallyport/source'] },
  ssr: { resolve: { conditions: ['@sallyport/source'] } },
  test: {
    reporters: ['default', fileURLToPath(new URL('./plain-reporter.mjs', import.meta.url))],
    include: ['e2e/peers/**/*.peer.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
