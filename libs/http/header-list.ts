/** Headers as they travel: lower-case names in wire order, duplicates kept. */
export type Header = readonly [name: string, value: string];

export const headerOf = (headers: readonly Header[], name: string): string | undefined =>
  headers.find(([each]) => each === name)?.[1];

/** Of Node's flat list of names and values. */
export function headersOf(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2)
    headers.push([raw[index]!.toLowerCase(), raw[index + 1]!.trim()]);
  return headers;
}
