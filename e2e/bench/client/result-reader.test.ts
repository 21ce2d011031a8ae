import { expect, test } from 'vitest';
import { MessageWalk } from './result-reader.js';

const message = (type: string, body = ''): Buffer => {
  const bytes = Buffer.from(`${type}    ${body}`);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
};
// A body may hold what looks like the head of another message.
const answer = Buffer.concat([
  message('T', 'Z\0\0\0\x05I'),
  message('D', 'one'),
  message('D'),
  message('C', 'SELECT 2'),
  message('Z', 'I'),
]);

test('an answer is walked through alike wherever it is cut', () => {
  for (let cut = 0; cut <= answer.length; cut += 1) {
    const walk = new MessageWalk();
    walk.push(answer.subarray(0, cut));
    expect(walk.done).toBe(cut >= answer.length - 1);
    walk.push(answer.subarray(cut));
    expect(walk).toMatchObject({ rows: 2, bytes: answer.length, done: true, failed: false });
  }
});

test('byte by byte too', () => {
  const walk = new MessageWalk();
  for (const byte of answer) walk.push(Buffer.of(byte));
  expect(walk).toMatchObject({ rows: 2, done: true });
});

test('rows of COPY count, and an error shows', () => {
  const walk = new MessageWalk();
  walk.push(Buffer.concat([message('H'), message('d', 'a row\n'), message('E', 'SERROR\0\0')]));
  expect(walk).toMatchObject({ rows: 1, failed: true, done: false });
});
