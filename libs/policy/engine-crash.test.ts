import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { expect, test } from 'vitest';
import './cedar.js';

test('the engine survives it when its caller is compiled anew in the middle of a decision', () => {
  setFlagsFromString('--allow-natives-syntax');
  // Where the guard is missing this ends the process that runs the test.
  const decide = runInThisContext(`(isAuthorized, call) => {
    let isSprung = false;
    const run = () => isAuthorized(call);
    Object.defineProperty(call, 'context', { enumerable: true, get() {
      if (isSprung) { %DeoptimizeFunction(isAuthorized); %DeoptimizeFunction(run); }
      return {};
    } });
    for (const each of [isAuthorized, run]) %PrepareFunctionForOptimization(each);
    for (let times = 0; times < 50; times += 1) run();
    for (const each of [isAuthorized, run]) { %OptimizeFunctionOnNextCall(each); run(); run(); }
    isSprung = true;
    return run();
  }`) as (isAuthorized: typeof cedar.isAuthorized, call: object) => cedar.AuthorizationAnswer;
  const answer = decide(cedar.isAuthorized, {
    principal: { type: 'User', id: 'ada' },
    action: { type: 'Action', id: 'read' },
    resource: { type: 'Table', id: 'patients' },
    policies: { staticPolicies: 'permit(principal, action, resource);' },
    entities: [],
  });
  setFlagsFromString('--no-allow-natives-syntax');
  expect(answer).toMatchObject({ type: 'success', response: { decision: 'allow' } });
});
