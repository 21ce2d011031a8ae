import type { Sql } from '../../platform/index.js';

export const alarmChannel = 'evidence_alarm';

/** That somebody has seen another history of the log than there is. */
export interface AlarmClaim {
  readonly log: number;
  /** An agent's id, or `self`. */
  readonly witness: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly problem: string;
  readonly at: Date;
}

export interface Alarm {
  readonly witness: string;
  readonly size: number;
  readonly problem: string;
}

/** Once for each claim: an agent repeats its own with every hello. */
export async function raiseAlarm(
  connection: Sql,
  { log, witness, size, root, problem, at }: AlarmClaim,
): Promise<void> {
  await connection.query(
    'insert into evidence_alarms (log, witness, size, root, problem, raised_at) values ($1, $2, $3, $4, $5, $6) on conflict (log, witness, size, root) do nothing',
    [log, witness, size, root, problem, at],
  );
}

/** Alarms of the log that is being written; one that was restored has left its own behind. */
export async function openAlarms(connection: Sql): Promise<Alarm[]> {
  const rows = await connection.query<{ witness: string; size: string; problem: string }[]>(
    'select witness, size, problem from evidence_alarms where accepted_at is null and log = (select max(id) from evidence_logs) order by id limit 20',
  );
  return rows.map(({ witness, size, problem }) => ({ witness, size: Number(size), problem }));
}
