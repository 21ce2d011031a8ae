import pg from 'pg';

/** Connects, asks one question and leaves. @throws what went wrong */
export async function answers(config: pg.ClientConfig): Promise<true> {
  const client = new pg.Client(config);
  client.on('error', () => undefined); // told by the promise
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
  return true;
}
