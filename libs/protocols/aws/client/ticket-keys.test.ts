import { deriveKeyPair } from '@sallyport/aws';
import { expect, test } from 'vitest';
import { TicketKeys } from './ticket-keys.js';

const installationKey = Buffer.alloc(32, 7);

const lobby = () => {
  const asked: string[] = [];
  const derive = (purpose: string) => {
    asked.push(purpose);
    return installationKey;
  };
  return { asked, derive };
};

test('the pair of a ticket is derived once, and again after a thousand others', () => {
  const keys = new TicketKeys();
  const house = lobby();
  const show = (ticket: string) => keys.pairOf(ticket, deriveKeyPair(installationKey, ticket).accessKeyId, house);
  expect(show('a')).toEqual(deriveKeyPair(installationKey, 'a'));
  expect(show('a')).toEqual(deriveKeyPair(installationKey, 'a'));
  expect(house.asked).toHaveLength(1);
  for (let count = 0; count < 1000; count += 1) show(`b-${count}`);
  show('a');
  expect(house.asked).toHaveLength(1002);
});

test('whoever names another ticket’s key is given none, and takes no place', () => {
  const keys = new TicketKeys();
  const house = lobby();
  const { accessKeyId } = deriveKeyPair(installationKey, 'a');
  expect(keys.pairOf('b', accessKeyId, house)).toBeUndefined();
  expect(keys.pairOf('b', accessKeyId, house)).toBeUndefined();
  expect(keys.pairOf('', accessKeyId, house)).toBeUndefined();
  expect(house.asked).toHaveLength(2);
});
