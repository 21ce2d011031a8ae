import { expect, test } from 'vitest';
import { InspectionBudget } from './budget.js';

const mib = 1024 * 1024;

test('one ticket cannot hold all that is kept for inspection: others are served meanwhile', () => {
  const budget = new InspectionBudget();
  const held = [];
  expect(() => {
    for (let call = 0; call < 16; call += 1) {
      const part = budget.begin();
      part.belongTo('ASIAONE');
      held.push(part);
      part.take(16 * mib);
    }
  }).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
  const other = budget.begin();
  other.belongTo('ASIATWO');
  other.take(16 * mib);
});

test('what is given back can be taken again, by the same ticket too', () => {
  const budget = new InspectionBudget();
  for (let call = 0; call < 100; call += 1) {
    const part = budget.begin();
    part.belongTo('ASIAONE');
    part.take(16 * mib);
    part.giveBack();
  }
});
