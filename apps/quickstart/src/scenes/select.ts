import { connect } from '../client.js';
import { indented, line, rowsText } from '../print.js';
import { customers } from '../sample-data.js';
import { expect, type Scene } from '../stage.js';

const sql = 'select name, email, ssn, card, notes from customers order by id limit 3';
const hidden: readonly string[] = [
  ...customers.flatMap(({ email, ssn, card, phone }) => [email, ssn, card, phone]),
  'AKIAIOSFODNN7EXAMPLE',
];

/** Nothing of the sample's secrets may be in what a client got. */
export const expectMasked = (text: string): void => {
  const leaked = hidden.find((value) => text.includes(value));
  expect(leaked === undefined, `an unmasked value came out: "${leaked}"`);
};

export const select: Scene = {
  title: 'A SELECT is allowed, and comes back masked',
  async play({ ada }) {
    const client = await connect(ada);
    try {
      line(indented(`ada=> ${sql};`));
      const { rows } = await client.query<Record<string, unknown>>(sql);
      line(indented(rowsText(rows)));
      expect(rows.length === 3, `3 rows were expected, ${rows.length} came`);
      expect(rows[0]!['name'] === customers[0].name, 'the name, which no rule hides, did not come as it is');
      expectMasked(JSON.stringify(rows));
    } finally {
      await client.end();
    }
    line(indented('The values were replaced inside the agent, before they left the target’s network.'));
  },
};
