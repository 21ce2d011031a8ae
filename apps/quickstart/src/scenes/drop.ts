import { connect, refusalOf } from '../client.js';
import { indented, line } from '../print.js';
import { expect, type Scene } from '../stage.js';

export const drop: Scene = {
  title: 'A DROP is refused, with the policy’s message',
  async play({ ada }) {
    const client = await connect(ada);
    try {
      line(indented('ada=> drop table customers;'));
      const { code, message, hint, detail } = await refusalOf(client.query('drop table customers'));
      line(
        indented(
          [`ERROR:  ${message}`, detail && `DETAIL:  ${detail}`, hint && `HINT:  ${hint}`].filter(Boolean).join('\n'),
        ),
      );
      expect(code === '42501', `SQLSTATE 42501 was expected, ${code} came`);
      const { rows } = await client.query<{ there: number }>('select count(*)::int as there from customers');
      expect(rows[0]?.there === 4, 'the table is not as it was');
      line(indented('The agent’s role owns that table: the target itself would have dropped it. The session goes on.'));
    } finally {
      await client.end();
    }
  },
};
