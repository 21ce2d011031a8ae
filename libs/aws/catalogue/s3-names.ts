/** What S3 takes in place of a bucket's name, and what of that the gateway refuses. */
import { quoted, refuse } from './refuse.js';

const bucketName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

// Each of these stands for a bucket of another name, or is reached by credentials that S3 itself hands out: a policy that
// names the bucket would not see it.
const aliases: readonly (readonly [ending: string, what: string])[] = [
  ['-s3alias', 'an access point by its alias'],
  ['--ol-s3', 'an Object Lambda access point'],
  ['--op-s3', 'an access point of Outposts'],
  ['--x-s3', 'a directory bucket'],
  ['--xa-s3', 'an access point of a directory bucket'],
  ['--table-s3', 'a table bucket'],
  ['.mrap', 'a multi-region access point'],
];

export const checkBucket = (name: string): void => {
  if (name.startsWith('arn:')) refuse('the bucket is given by an ARN: access points are not served, name the bucket');
  const alias = aliases.find(([ending]) => name.toLowerCase().endsWith(ending));
  if (alias) refuse(`${quoted(name)} is ${alias[1]}: these are not served, name the bucket`);
  if (!bucketName.test(name)) refuse(`${quoted(name)} is no name of a bucket`);
};
