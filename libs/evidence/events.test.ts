import { expect, test } from 'vitest';
import { eventNames, isEventName } from './events.js';

test('the catalogue of events only grows at its end', () => {
  expect(eventNames.join(' ')).toMatchInlineSnapshot(
    `"log.created log.restored key.rotated key.destroyed evidence.exported session.started session.ended session.refused operation.allowed operation.denied operation.reviewing operation.abandoned operation.completed review.requested review.voted review.approved review.rejected review.expired review.consumed policy.activated connection.created connection.updated connection.deleted masking-rule.created masking-rule.updated masking-rule.deleted enrolment-key.issued agent.enrolled agent.renewed agent.revoked agent.connected agent.disconnected ticket.issued ticket.revoked login.accepted login.refused grants.ended person.created person.updated service-account.created service-account.updated service-account.deleted service-account.rotated review.refused witness-token.issued ai-turn.prompted tool-call.proposed tool-call.asked tool-call.finished ai-session.reconfigured ai-session.ended budget.created budget.updated budget.deleted model-prices.updated prompts.erased"`,
  );
});

test('every event is a noun and a past participle', () => {
  for (const name of eventNames) expect(name).toMatch(/^[a-z]+(-[a-z]+)*\.([a-z]+ed|reviewing)$/);
  expect(isEventName('toString')).toBe(false);
});
