/** Which of AWS's separate clouds a region belongs to. */
const byPrefix: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
];

export const partitionOf = (region: string): string =>
  byPrefix.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
