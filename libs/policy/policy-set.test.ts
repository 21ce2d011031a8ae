import { describe, expect, test } from 'vitest';
import { createPolicyEngine, maxPolicies, maxTextBytes } from './index.js';

const validate = (text: string) => createPolicyEngine().validate(text);
const on = 'action == Sallyport::Action::"sql.execute", resource';
const errorsOf = (text: string) => validate(text).filter(({ severity }) => severity === 'error');

describe('a policy text is refused', () => {
  test.each([
    ['that does not parse', '@id("a") permit(principal, action resource);', /unexpected token|unexpected end/],
    ['without an id', `permit(principal, ${on});`, /no "@id"/],
    [
      'with an id twice',
      `@id("a") permit(principal, ${on}); @id("a") permit(principal, ${on});`,
      /two policies have the id "a"/,
    ],
    ['with the id of an object’s innards', `@id("__proto__") permit(principal, ${on});`, /cannot be the id/],
    [
      'with an attribute that does not exist',
      `@id("a") permit(principal, ${on}) when { context.rsk == "read" };`,
      /`rsk`/,
    ],
    [
      'with an action that does not exist',
      '@id("a") permit(principal, action == Sallyport::Action::"sql.run", resource);',
      /unrecognized action/,
    ],
    [
      'that reads a claim without asking whether it is there',
      `@id("a") permit(principal, ${on}) when { context.turn == "1" };`,
      /optional attribute/,
    ],
    [
      'that compares different types',
      `@id("a") permit(principal, ${on}) when { context.statements == "1" };`,
      /types .* are not compatible/,
    ],
    ['with a template', `@id("a") permit(principal == ?principal, ${on});`, /templates/],
    ['with a review on a forbid', `@id("a") @review("sre") forbid(principal, ${on});`, /"@review" on a forbid/],
    ['with a review by nobody', `@id("a") @review("") permit(principal, ${on});`, /names no group/],
    ['with a review by somebody and nobody', `@id("a") @review("sre,") permit(principal, ${on});`, /names no group/],
    [
      'with a misspelt annotation',
      `@id("a") @reviews("sre") permit(principal, ${on});`,
      /unknown annotation "@reviews"/,
    ],
    ['with no approvals', `@id("a") @review("sre") @approvals("0") permit(principal, ${on});`, /"@approvals"/],
    ['with approvals in words', `@id("a") @review("sre") @approvals("two") permit(principal, ${on});`, /"@approvals"/],
    ['with approvals and no review', `@id("a") @approvals("2") permit(principal, ${on});`, /without "@review"/],
    ['with an unclear time-out', `@id("a") @review("sre") @timeout("10") permit(principal, ${on});`, /"@timeout"/],
    ['with an endless time-out', `@id("a") @review("sre") @timeout("25h") permit(principal, ${on});`, /"@timeout"/],
    [
      'with an unknown end of time',
      `@id("a") @review("sre") @on_timeout("ask") permit(principal, ${on});`,
      /"@on_timeout"/,
    ],
    ['with an empty message', `@id("a") @message(" ") forbid(principal, ${on});`, /"@message"/],
    ['that is too long', `// ${'x'.repeat(maxTextBytes)}`, /longer than/],
    [
      'with too many policies',
      Array.from({ length: maxPolicies + 1 }, (_, n) => `@id("p${n}") permit(principal,action,resource);`).join('\n'),
      /more than/,
    ],
  ])('%s', (_what, text, message) => {
    const errors = errorsOf(text);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]!.message).toMatch(message);
    expect(() => createPolicyEngine().load(1, text)).toThrowError(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('a problem says where it is', () => {
  test('by line, beyond what is not ASCII', () => {
    const text = `// é und ü\n@id("fine")\npermit(principal, ${on});\n\n@id("a")\npermit(principal, ${on})\n// größer\nwhen { context.rsk == "read" };`;
    expect(errorsOf(text)).toMatchObject([{ policy: 'a', line: 8, hint: expect.stringContaining('risk') as string }]);
  });

  test('by line where the text does not parse', () => {
    expect(errorsOf(`// é\n@id("a")\npermit(principal, ${on}) when {\n  context. };`)).toMatchObject([{ line: 4 }]);
  });

  test('and by line where annotations are wrong', () => {
    expect(errorsOf(`\n\n@id("a") @nonsense permit(principal, ${on});`)).toMatchObject([{ policy: 'a', line: 3 }]);
  });
});

test('what can never match is a warning, and can be loaded', () => {
  const text = `@id("a") permit(principal in Sallyport::Label::"x", ${on});`;
  expect(validate(text)).toContainEqual(
    expect.objectContaining({
      severity: 'warning',
      policy: 'a',
      message: expect.stringContaining('impossible') as string,
    }),
  );
  expect(errorsOf(text)).toEqual([]);
  expect(() => createPolicyEngine().load(1, text)).not.toThrow();
});

test('an empty text and a text of comments are valid, and permit nothing', () => {
  expect(validate('')).toEqual([]);
  expect(validate('// nothing yet\n')).toEqual([]);
});
