/** Values of a request's input by the paths of the models: `InstanceIds|InstanceId[]`, `Targets[].RoleArn`. */

export type Node = Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

interface Step {
  /** In lower case: what a service does with a key in another case is not known, so it counts. */
  readonly names: readonly string[];
  /** How many lists or maps stand around the value. */
  readonly around: number;
}

const steps = new Map<string, readonly Step[]>();

const stepsOf = (path: string): readonly Step[] => {
  const known = steps.get(path);
  if (known !== undefined) return known;
  const made = path.split('.').map((part) => ({
    names: part
      .replace(/(\[\]|\{\})+$/, '')
      .toLowerCase()
      .split('|'),
    around: part.match(/\[\]|\{\}/g)?.length ?? 0,
  }));
  steps.set(path, made);
  return made;
};

const isIndex = (key: string): boolean => /^\d+$/.test(key);

/**
 * The elements of a list or map, however the protocol writes it: an array, `InstanceId.1`, `Values.member.1`, repeated
 * elements. Where that cannot be told from a structure, both count.
 */
const elementsOf = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value as unknown[];
  if (!isNode(value)) return [value];
  const entries = Object.entries(value);
  const indexed = entries.filter(([key]) => isIndex(key)).map(([, element]) => element);
  const wrapped = entries.filter(([key]) => !isIndex(key)).flatMap(([, inner]) => wrappedElements(inner));
  return [value, ...indexed, ...wrapped];
};

const wrappedElements = (inner: unknown): unknown[] => {
  if (Array.isArray(inner)) return inner as unknown[];
  if (!isNode(inner)) return [inner];
  const indexed = Object.entries(inner).filter(([key]) => isIndex(key));
  return [inner, ...indexed.map(([, element]) => element)];
};

const named = (value: unknown, names: readonly string[]): unknown[] =>
  isNode(value)
    ? Object.entries(value)
        .filter(([key]) => names.includes(key.toLowerCase()))
        .map(([, inner]) => inner)
    : [];

/** Everything found at a path, lists taken apart. */
export const valuesAt = (input: Node, path: string): unknown[] => {
  let values: unknown[] = [input];
  for (const { names, around } of stepsOf(path)) {
    values = values.flatMap((value) => named(value, names)).filter((value) => value !== undefined && value !== null);
    for (let round = 0; round < around; round += 1) values = values.flatMap(elementsOf);
  }
  return values;
};

/** Of those the texts and numbers, as text. */
export const textsAt = (input: Node, path: string): string[] =>
  valuesAt(input, path).flatMap((value) => {
    if (typeof value === 'string') return [value];
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return [String(value)];
    return [];
  });

export const textAt = (input: Node, path: string): string | undefined => textsAt(input, path)[0];

/** Whether a boolean member says yes, in any protocol's way of writing it. */
export const isOn = (input: Node, path: string): boolean =>
  textsAt(input, path).some((text) => /^(true|1|yes|on)$/i.test(text));
export const isOff = (input: Node, path: string): boolean =>
  textsAt(input, path).some((text) => /^(false|0|no|off)$/i.test(text));

/** Whether a member is there at all. */
export const has = (input: Node, path: string): boolean => valuesAt(input, path).length > 0;
