/** What the headers of a request say beyond the operation's name. */
import type { Head } from './head.js';
import type { Located, OperationModel } from './model.js';
import { refuse } from './refuse.js';

/** A header that is there twice means one thing to one reader and another to the next; lists alone may be spread so. */
export const checkRepeated = (head: Head, operation: OperationModel | undefined): void => {
  for (const name of head.repeated) {
    const list = operation?.headers.some(({ wire, shape }) => wire === name && shape === 'list');
    if (!list) refuse(`the header ${name} is there twice`);
  }
};

export const headerMembers = (head: Head, located: readonly Located[]): readonly (readonly [string, unknown])[] =>
  located.flatMap(({ wire, member, shape }): readonly (readonly [string, unknown])[] => {
    if (shape === 'prefix') {
      const found = [...head.headers].filter(([name]) => name.startsWith(wire));
      return found.length > 0
        ? [[member, Object.fromEntries(found.map(([name, text]) => [name.slice(wire.length), text]))]]
        : [];
    }
    const value = head.headers.get(wire);
    if (value === undefined) return [];
    return [[member, shape === 'list' ? value.split(',').map((part) => part.trim()) : value]];
  });
