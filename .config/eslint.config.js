import js from '@eslint/js';
import ts from 'typescript-eslint';

// core ← {policy masking reviews evidence sql aws models tunnel engine http} ← model-gateway ← protocols ← apps; console and CLI see only contracts and core.
const layers = {
  core: [],
  sql: ['core'],
  aws: ['core', 'sql'],
  policy: ['core'],
  masking: ['core'],
  reviews: ['core'],
  evidence: ['core'],
  engine: ['core'],
  tunnel: ['core', 'engine'],
  http: ['core', 'engine', 'masking'],
  models: ['core', 'masking'],
  'model-gateway': ['core', 'engine', 'http', 'masking', 'models'],
  protocols: ['core', 'engine', 'sql', 'aws', 'masking', 'http', 'models', 'model-gateway'],
  'embedded-postgres': [],
};
const every = ['core', 'sql', 'aws', 'policy', 'masking', 'reviews', 'evidence', 'engine', 'tunnel', 'http', 'models', 'model-gateway', 'protocols', 'embedded-postgres', 'testkit'];
const direction = Object.entries(layers).map(([name, allowed]) => ({
  files: [`libs/${name}/**/*.ts`],
  ignores: ['**/*.test.ts', '**/*.spec.ts', '**/*.fixture.ts', 'libs/*/testing/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: every
          .filter((other) => other !== name && !allowed.includes(other))
          .map((other) => ({ group: [`@sallyport/${other}`], message: `libs/${name} may not import libs/${other}: see docs/architecture.md` })),
      },
    ],
  },
}));

export default ts.config(
  { ignores: ['**/dist', '**/*.mjs', '**/*.js', '.config/**'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./.config/tsconfig.check.json'], tsconfigRootDir: new URL('..', import.meta.url).pathname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['warn', { max: 300, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['warn', { max: 40, skipComments: true, skipBlankLines: true }],
      'max-depth': ['warn', 4],
      'max-params': ['warn', 4],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.spec.ts', '**/*.fixture.ts', '**/testing/**', 'e2e/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      // vitest's asymmetric matchers and supertest's bodies are typed any
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  ...direction,
);
