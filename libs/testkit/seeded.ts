/** For tests that try many things from a seed. Apart from the rest of the test kit, because it is cheap to load. */
export { seededNumbers, seededRandom } from './clock.js';

/** CI tries everything; whoever works on the code is told in seconds. Read at each use, so that a test can set it. */
const isFull = (): boolean => process.env['SALLYPORT_FUZZ'] === 'full';
const part = 8;
/** Prime to the sizes of most things that are combined with one another, so that each of them comes up. */
const stride = 7;

/** How often to go round: `full` times where everything is tried. Thresholds on what was seen go through it as well. */
export const rounds = (full: number): number => (isFull() ? full : Math.ceil(full / part));

/** All of them where everything is tried, else some, the first and the last among them. */
export const sample = <T>(items: Iterable<T>): T[] => {
  const all = [...items];
  return isFull() ? all : all.filter((_, at) => at % stride === 0 || at === all.length - 1);
};
