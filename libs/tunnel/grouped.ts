/** Sets by key; a key goes with the last member of its set. */
export class Grouped<Key, Member> {
  private readonly groups = new Map<Key, Set<Member>>();

  /** @returns false when it was there already */
  add(key: Key, member: Member): boolean {
    const group = this.groups.get(key) ?? new Set();
    if (group.has(member)) return false;
    this.groups.set(key, group.add(member));
    return true;
  }

  delete(key: Key, member: Member): void {
    const group = this.groups.get(key);
    group?.delete(member);
    if (group?.size === 0) this.groups.delete(key);
  }

  of(key: Key): readonly Member[] {
    return [...(this.groups.get(key) ?? [])];
  }

  sizeOf(key: Key): number {
    return this.groups.get(key)?.size ?? 0;
  }

  all(): readonly Member[] {
    return [...this.groups.values()].flatMap((group) => [...group]);
  }
}
