import { startEmulators } from './emulators.js';

/** The sample cloud as a process: node emulators-main.js '{"s3":7406, …}' */
const stop = await startEmulators(JSON.parse(process.argv[2]!) as Parameters<typeof startEmulators>[0]);
process.stdout.write('ready\n');
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stop().then(() => process.exit(0)));
