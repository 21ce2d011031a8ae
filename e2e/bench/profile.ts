interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

/** As V8 writes it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface Cost {
  readonly what: string;
  /** Of the time in which the process was not idle. */
  readonly part: number;
}

export interface Costs {
  /** Seconds in which the process was not idle. */
  readonly busySeconds: number;
  /** By the package for which it was done, down to what Node did for it. */
  readonly packages: readonly Cost[];
  /** By the function itself. */
  readonly functions: readonly Cost[];
}

export function costsOf(profile: CpuProfile, most = 12): Costs {
  const spent = microsecondsByNode(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map(profile.nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id])));
  const packageFor = (id: number | undefined): string =>
    id === undefined ? 'Node, for nobody in particular' : (packageOf(byId.get(id)!) ?? packageFor(callers.get(id)));
  const total = [...spent.values()].reduce((sum, time) => sum + time, 0);
  const costs = (nameOf: (id: number) => string): Cost[] => ranked(spent, nameOf, total).slice(0, most);
  return {
    busySeconds: total / 1e6,
    packages: costs(packageFor),
    functions: costs((id) => nameOf(byId.get(id)!.callFrame)),
  };
}

/** Waiting, and the profiler's own start and stop. */
const notWork = new Set(['(idle)', 'dispatch']);

function microsecondsByNode({ nodes, samples, timeDeltas }: CpuProfile): Map<number, number> {
  const idle = new Set(nodes.filter(({ callFrame }) => notWork.has(callFrame.functionName)).map(({ id }) => id));
  const spent = new Map<number, number>();
  for (const [index, id] of samples.entries())
    if (!idle.has(id)) spent.set(id, (spent.get(id) ?? 0) + timeDeltas[index]!);
  return spent;
}

function ranked(spent: ReadonlyMap<number, number>, nameOf: (id: number) => string, total: number): Cost[] {
  const sums = new Map<string, number>();
  for (const [id, time] of spent) sums.set(nameOf(id), (sums.get(nameOf(id)) ?? 0) + time);
  return [...sums].sort(([, a], [, b]) => b - a).map(([what, time]) => ({ what, part: time / total }));
}

/** V8's own entries beside functions; no plain object, as functions are called `toString` too. */
const ofV8 = new Map([
  ['(garbage collector)', 'garbage collector'],
  ['(program)', 'outside JavaScript: system calls, TLS, Node in C++'],
]);

/** With the room in it, where there is one. Undefined: Node's own or native code, which works for its caller. */
function packageOf({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  const [, own, , room] = /\/((?:apps|libs)\/[^/]+)\/dist\/(modules\/)?(?:([^/]+)\/)?/.exec(url) ?? [];
  return ofV8.get(functionName) ?? dependency ?? (own && room ? `${own}/${room}` : own);
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = ofV8.get(functionName) ?? `\`${functionName || '(anonymous)'}\``;
  if (url === '') return name;
  const file = url.replace(/^.*?\/(node_modules|apps|libs)\//, (_all, root: string) => `${root}/`);
  return `${name} ${file}:${lineNumber + 1}`;
}
