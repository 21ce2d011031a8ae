/** Calls `measure` for each of these in turn, and again in each round, so that noise hits all alike. */
export async function interleaved<T, R>(
  these: readonly T[],
  rounds: number,
  measure: (one: T, round: number) => Promise<R>,
): Promise<Map<T, R[]>> {
  const results = new Map<T, R[]>(these.map((one) => [one, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const one of these) results.get(one)!.push(await measure(one, round));
  return results;
}

export type Say = (line: string) => void;
