import { alphanumeric, base64, base64url, classOf, code, digit, dottedToken, hexadecimal } from './byte-class.js';
import { type Detector, tailOf } from './detector.js';
import { tokenDetector } from './token.js';
import { startsWord } from './window.js';

const base32Upper = classOf(/[A-Z2-7]/);
const bech32Upper = classOf(/[A-Z0-9]/);
const dashed = classOf(/[A-Za-z0-9-]/);
const webhookPath = classOf(/[A-Za-z0-9/+_-]/);
const azureSecret = classOf(/[A-Za-z0-9_~.-]/);
const azureTail = tailOf(azureSecret);
const base64urlTail = tailOf(base64url);

/** Azure's client secrets carry their mark inside: three characters, a digit, `Q~`, then the rest. */
const azureClientSecret: Detector = {
  name: 'azure-client-secret',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['Q~'],
      back: 4,
      find: (window, at) => {
        if (digit[window.at(at - 1)] !== 1 || azureSecret[window.at(at - 4)] !== 1) return undefined;
        if (azureSecret[window.at(at - 2)] !== 1 || azureSecret[window.at(at - 3)] !== 1) return undefined;
        return window.run(at + 2, azureSecret, 31) < 31 ? undefined : { start: at - 4, end: at + 33, tail: azureTail };
      },
    },
  ],
};

const sendgrid: Detector = {
  name: 'sendgrid-key',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['SG.'],
      find: (window, at) => {
        if (!startsWord(window, at) || window.run(at + 3, base64url, 22) < 22) return undefined;
        if (window.at(at + 25) !== code('.') || window.run(at + 26, base64url, 43) < 43) return undefined;
        return { start: at, end: at + 69, tail: base64urlTail };
      },
    },
  ],
};

/** Secrets with a mark of their own, the narrower before the wider: the first that fits names what was hidden. */
export const vendorKeys: readonly Detector[] = [
  tokenDetector('aws-access-key-id', { prefixes: ['AKIA', 'ASIA', 'ABIA', 'ACCA'], body: base32Upper, least: 16 }),
  tokenDetector('aws-session-token', { prefixes: ['FwoGZXIvYXdz', 'IQoJb3JpZ2lu'], body: base64, least: 50 }),
  tokenDetector(
    'github-token',
    { prefixes: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], body: alphanumeric, least: 36 },
    { prefixes: ['github_pat_'], body: classOf(/[A-Za-z0-9_]/), least: 40 },
  ),
  tokenDetector('gitlab-token', {
    prefixes: ['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glft-', 'glsoat-'],
    body: base64url,
    least: 20,
    random: true,
  }),
  tokenDetector(
    'slack-token',
    {
      prefixes: ['xoxb-', 'xoxa-', 'xoxp-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxc-', 'xoxd-', 'xapp-'],
      body: dashed,
      least: 10,
      random: true,
    },
    { prefixes: ['hooks.slack.com/services/'], body: webhookPath, least: 20 },
  ),
  tokenDetector(
    'stripe-key',
    { prefixes: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'], body: alphanumeric, least: 16 },
    { prefixes: ['whsec_'], body: alphanumeric, least: 24 },
  ),
  tokenDetector('anthropic-key', { prefixes: ['sk-ant-'], body: base64url, least: 20, random: true }),
  tokenDetector('openai-key', { prefixes: ['sk-'], body: base64url, least: 20, word: true, random: true }),
  tokenDetector(
    'google-key',
    { prefixes: ['AIza'], body: base64url, least: 35 },
    { prefixes: ['ya29.'], body: dottedToken, least: 20 },
    { prefixes: ['GOCSPX-'], body: base64url, least: 24 },
  ),
  sendgrid,
  tokenDetector('npm-token', { prefixes: ['npm_'], body: alphanumeric, least: 36 }),
  tokenDetector('pypi-token', { prefixes: ['pypi-Ag'], body: base64url, least: 50 }),
  tokenDetector('vault-token', { prefixes: ['hvs.', 'hvb.', 'hvr.'], body: base64url, least: 24, random: true }),
  tokenDetector('digitalocean-token', {
    prefixes: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    body: hexadecimal,
    least: 64,
  }),
  tokenDetector('shopify-token', { prefixes: ['shpat_', 'shpca_', 'shppa_', 'shpss_'], body: hexadecimal, least: 32 }),
  tokenDetector('huggingface-token', {
    prefixes: ['hf_', 'api_org_'],
    body: alphanumeric,
    least: 34,
    word: true,
  }),
  tokenDetector('azure-key', { prefixes: ['AccountKey=', 'SharedAccessKey='], body: base64, least: 40 }),
  azureClientSecret,
  tokenDetector('age-key', { prefixes: ['AGE-SECRET-KEY-1'], body: bech32Upper, least: 58 }),
  tokenDetector('sallyport-ticket', { prefixes: ['spt_'], body: dottedToken, least: 20, word: true, random: true }),
  tokenDetector('sallyport-enrolment-key', {
    prefixes: ['spe_'],
    body: dottedToken,
    least: 20,
    word: true,
    random: true,
  }),
  tokenDetector('sallyport-witness-token', {
    prefixes: ['spw_'],
    body: dottedToken,
    least: 20,
    word: true,
    random: true,
  }),
  tokenDetector('sallyport-service-secret', {
    prefixes: ['sps_'],
    body: dottedToken,
    least: 20,
    word: true,
    random: true,
  }),
];
