/** Where AWS answers: https://docs.aws.amazon.com/general/latest/gr/rande.html, and the suffixes of its partitions. */
const ofAws =
  /^[a-z0-9]([a-z0-9._-]{0,180}[a-z0-9])?\.(amazonaws\.com(\.cn)?|api\.aws|aws|c2s\.ic\.gov|sc2s\.sgov\.gov)$/;
const below = /^[a-z0-9]([a-z0-9._-]{0,180}[a-z0-9])?$/;

/**
 * Does this gateway answer to this name (lower case)? To names below its own, as virtual-host buckets are addressed, and to
 * those of AWS, which clients use through the HTTPS proxy. A certificate for anything else would be for deceiving.
 */
export function isAnswered(host: string, publicHost: string): boolean {
  if (ofAws.test(host)) return true;
  const suffix = `.${publicHost.toLowerCase()}`;
  const name = host.endsWith(suffix)
    ? host.slice(0, -suffix.length)
    : host.endsWith('.localhost')
      ? host.slice(0, -10)
      : '';
  return below.test(name);
}
