/**
 * Loaded into the product's processes before they start, where it waits at no cost: SIGUSR2 begins a CPU profile, and the
 * next one writes it into the folder that the module's address names.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';

const folder = new URL(import.meta.url).searchParams.get('folder')!;
const microsecondsBetweenSamples = 250;
let running: Session | undefined;

async function begin(): Promise<void> {
  running = new Session();
  running.connect();
  await running.post('Profiler.enable');
  await running.post('Profiler.setSamplingInterval', { interval: microsecondsBetweenSamples });
  await running.post('Profiler.start');
}

async function end(session: Session): Promise<void> {
  running = undefined;
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const file = path.join(folder, `${process.pid}.cpuprofile`);
  writeFileSync(`${file}.part`, JSON.stringify(profile));
  renameSync(`${file}.part`, file); // whoever waits for it finds it whole
}

let toggled = Promise.resolve();
process.on('SIGUSR2', () => {
  toggled = toggled.then(() => (running === undefined ? begin() : end(running)));
});
