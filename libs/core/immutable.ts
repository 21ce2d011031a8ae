const known = new WeakSet<object>();

/**
 * Freezes a value of plain objects and arrays through and through, and remembers it: whoever derives something from it
 * (a text, a key) may keep that as long as the value lives. Shared parts of many records are made once this way.
 */
export function immutable<T extends object>(value: T): T {
  if (known.has(value)) return value;
  for (const member of Object.values(value))
    if (typeof member === 'object' && member !== null) immutable(member as object);
  known.add(Object.freeze(value));
  return value;
}

export const isImmutable = (value: object): boolean => known.has(value);

/** Derives something from a value, once where it is immutable. */
export function derivedOnce<Value extends object, Derived>(
  derive: (value: Value) => Derived,
): (value: Value) => Derived {
  const kept = new WeakMap<Value, { readonly derived: Derived }>();
  return (value) => {
    if (!known.has(value)) return derive(value);
    const before = kept.get(value);
    if (before !== undefined) return before.derived;
    const derived = derive(value);
    kept.set(value, { derived });
    return derived;
  };
}
