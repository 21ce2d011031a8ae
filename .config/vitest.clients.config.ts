import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// `npm run clients`: published AI clients, as they are on this machine, against a scripted model. The rest is ours, as it is. Not a part of `npm test`.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['@sallyport/source'] },
  ssr: { resolve: { conditions: ['@sallyport/source'] } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } } as never,
  test: {
    reporters: ['default', fileURLToPath(new URL('./plain-reporter.mjs', import.meta.url))],
    include: ['e2e/clients/**/*.client.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
