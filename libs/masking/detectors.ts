import { basicAuth, bearer, jwt, urlPassword } from './credentials.js';
import type { Detector } from './detector.js';
import { email } from './email.js';
import { iban } from './iban.js';
import { awsSecretKey, keyValueSecret } from './key-value.js';
import { nationalIds } from './national-ids.js';
import { paymentCard } from './payment-card.js';
import { phone } from './phone.js';
import { privateKey } from './private-key.js';
import { signedUrl } from './signed-url.js';
import { vendorKeys } from './vendor-keys.js';

/** All built-in detectors. Where several find the same value, the first of them names it. */
export const detectors: readonly Detector[] = [
  ...vendorKeys,
  privateKey,
  jwt,
  awsSecretKey,
  basicAuth,
  bearer,
  urlPassword,
  signedUrl,
  keyValueSecret,
  email,
  paymentCard,
  iban,
  ...nationalIds,
  phone,
];

/** What a rule may name: each detector, or a group of them. */
export const detectorNames: readonly string[] = detectors.map(({ name }) => name);
export const detectorGroups: readonly string[] = ['secrets', 'personal-data', 'national-id', '*'];

/** The detectors that `name` stands for; empty where there is none of that name. */
export const detectorsNamed = (name: string): readonly Detector[] =>
  detectors.filter(
    (detector) => name === '*' || name === detector.name || name === detector.class || name === detector.group,
  );
